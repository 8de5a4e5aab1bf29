-- One participant, one command. ARGV: name, room, product, user, two numbers.

local function to_stage(p, number, wanted)
  local room, count = p.room, seat_count(p.room)
  if wanted > count then return {NO_SUCH_SEAT, number, count} end
  if p.seat > 0 and (wanted == 0 or wanted == p.seat) then return end
  local taken = seats_of(room)
  if wanted > 0 and taken[wanted] ~= '' then return {SEAT_TAKEN, number, wanted} end
  local seat = wanted > 0 and wanted or free_seat(room, count)
  if not seat then return {SEATS_FULL, number, count} end
  local freed = p.seat > 0 or p.rung ~= RTC
  if p.rung ~= RTC then
    local full = full_level(room, RTC, 1)
    if full then return {LEVEL_FULL, number, full, RTC} end
  end
  rise(p)
  sit(p, RTC, seat, 0)
  return nil, true, freed
end

local function to_audience(p)
  if p.seat == 0 then return end
  give_seat(p.room, p.seat, '')
  p.seat = 0
  return nil, true, true
end

-- where: 1 the stage, 2 the audience.
local function move(p, number, where, wanted)
  if p.role ~= STUDENT then return {NO_SEAT_FOR_ROLE, number, p.role} end
  if p.rung == QUEUED_RUNG then return {WAITING, number} end
  if seat_count(p.room) == 0 then return {NO_SEATS, number} end
  local refusal, moved, freed
  if where == 1 then refusal, moved, freed = to_stage(p, number, wanted) else refusal, moved, freed = to_audience(p) end
  if moved then
    p.why, p.placed, p.placed_at = MOVED, number, now
    set_full(p, {0, 0, 0})
    save_person(p)
    tell(number, DID_MOVE, p)
    if freed then settle({p.room}) end
  end
  return refusal
end

local function mute(p, number, bits)
  if p.mute == bits then return end
  p.mute = bits
  save_person(p)
  tell(number, DID_MUTE, p)
end

-- Answers {0, number, whether it was in}.
local function remove(room, user, number, banned_for)
  call('ZADD', BANS, now + banned_for, room.id .. '|' .. user)
  local p = load_person(room, user)
  if p and put_out(number, p, BY_REMOVAL) then settle({room}) end
  return {0, number, p and 1 or 0}
end

local function command(name, room_id, product, user, first, second)
  local number = next_sequence()
  local room = find_room(room_id, product)
  if not room then return {ROOM_NOT_LIVE, number} end
  if room.ending == 1 then return {ROOM_ENDING, number} end
  if name == 'remove' then return remove(room, user, number, first) end
  local p = load_person(room, user)
  if not p then return {NOT_IN_ROOM, number} end
  local refusal
  if name == 'move' then refusal = move(p, number, first, second) else refusal = mute(p, number, first) end
  return refusal or standing(number, p, tonumber(call('ZSCORE', LEASES, p.key)), 1)
end

local answer = command(ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]))
save()
return answer
