-- ARGV: name, room, product, institution, node, then the limits: three rungs, staff slots, seats, stage size, queue;
-- then for start: restored, three rungs of the institution, and user, end of each ban; for finish: how many at most.

local name, room_id, product = ARGV[3], ARGV[4], ARGV[5]

local function set_limits(room)
  for rung = RTC, STANDARD do room.level[rung] = tonumber(ARGV[7 + rung]) end
  room.staff_slots, room.seats = tonumber(ARGV[11]), tonumber(ARGV[12])
  room.stage_size, room.queue_max = tonumber(ARGV[13]), tonumber(ARGV[14])
  local taken = seats_of(room)
  for seat = #taken + 1, seat_count(room) do taken[seat] = '' end
  room.changed = true
end

local function restore_bans()
  for i = 19, #ARGV, 2 do call('ZADD', BANS, tonumber(ARGV[i + 1]), room_id .. '|' .. ARGV[i]) end
end

-- An institution's level comes with a room; it is written only when the room takes places on it.
local function bring_institution(room)
  local field = institution_field(room)
  local level = load_level(field, 3) or {0, 0, 0, 0, 0, 0, id = 3}
  for rung = RTC, STANDARD do level[rung] = tonumber(ARGV[15 + rung]) end
  levels[field] = level
end

local function start(number)
  if rebuilding and ARGV[15] ~= '1' then return {REBUILDING, number, rebuild_until} end
  local room = load_room(room_id)
  if room then
    if room.product ~= product or room.institution ~= ARGV[6] or room.node ~= ARGV[7] then
      return {STARTED_DIFFERENTLY, number}
    end
    return {room.ending == 1 and ROOM_ENDING or 0, number}
  end
  room = {id = room_id, product = product, institution = ARGV[6], node = ARGV[7], level = {0, 0, 0, 0, 0, 0, id = 5},
    on = {0, 0, 0, 0}, by_role = {0, 0, 0, 0}, waiting = {0, 0}, taken = {}, ending = 0, slice = 0, slice_teachers = 0,
    interval = 0, last_admitted = 0}
  if room.institution ~= '' then bring_institution(room) end
  local known, unknown = levels_of(room)
  if not known then return {CAPACITY_UNKNOWN, number, unknown} end
  set_limits(room)
  local full = full_level(room, RTC, room.staff_slots)
  if full then return {LEVEL_FULL, number, full, RTC} end
  take(room, RTC, room.staff_slots)
  rooms[room_id] = room
  restore_bans()
  return {0, number}
end

-- Reserves or gives back: nil, or a refusal.
local function resize_slice(room, slots, number)
  local needed = room.slice + (room.slice_teachers == 0 and 1 or 0)
  if slots < needed then return {SLOTS_IN_USE, number, needed} end
  local more = slots - room.staff_slots
  if more > 0 then
    if room.level[4] + more > tonumber(ARGV[8]) then return {LEVEL_FULL, number, 5, RTC} end
    for _, level in ipairs(levels_of(room)) do
      if level.id ~= 5 and level[4] + more > level[1] then return {LEVEL_FULL, number, level.id, RTC} end
    end
  end
  take(room, RTC, more)
end

local function update(number)
  local room = find_room(room_id, product)
  if not room then return {ROOM_NOT_LIVE, number} end
  if room.ending == 1 then return {ROOM_ENDING, number} end
  if (room.seats > 0) ~= (tonumber(ARGV[12]) > 0) then return {KIND_FIXED, number} end
  local refusal = resize_slice(room, tonumber(ARGV[11]), number)
  if refusal then return refusal end
  set_limits(room)
  settle({room})
  return {0, number}
end

-- Answers {0, number, how many were put out, whether there are more}.
local function finish_room(number, limit)
  local room = find_room(room_id, product)
  if not room then return {0, number, 0, 0} end
  room.ending, room.changed = 1, true
  local keys = call('ZRANGEBYLEX', ROSTER, '[' .. room_id .. '|', '(' .. room_id .. '}', 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do
    put_out(next_sequence(), load_person(room, string.sub(key, #room_id + 2)), BY_ROOM_END)
  end
  if rooms[room_id] and #keys == 0 then finish(room) end
  settle({})
  return {0, number, #keys, rooms[room_id] and 1 or 0}
end

local number, answer = next_sequence(), nil
if name == 'start' then
  answer = start(number)
elseif name == 'update' then
  answer = update(number)
else
  answer = finish_room(number, tonumber(ARGV[6]))
end
save()
return answer
