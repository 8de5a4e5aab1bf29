-- Taking and giving places, and the queue. After state.lua.

-- The narrowest level on which `count` more places of the rung are not free; nil when they are on all. kept: so many
-- more must stay free in the room.
local function full_level(room, rung, count, kept)
  if room.level[3 + rung] + count + (kept or 0) > room.level[rung] then return room.level.id end
  for _, level in ipairs(levels_of(room)) do
    if level[3 + rung] + count > level[rung] then return level.id end
  end
end

local function take(room, rung, count)
  for _, level in ipairs(levels_of(room)) do
    level[3 + rung] = level[3 + rung] + count
    level.changed = true
  end
  room.changed = true
end

-- One reserved place is kept for a teacher as long as none is in.
local function slice_open(room, role)
  local free = room.staff_slots - room.slice
  return free > 1 or (free == 1 and (role == TEACHER or room.slice_teachers > 0))
end

local function free_seat(room, last)
  local taken = seats_of(room)
  for seat = 1, last do
    if taken[seat] == '' then return seat end
  end
end

-- RTC places of a small class that its free seats need.
local function kept_for_seats(room)
  local free = 0
  if room.seats > 0 then
    local taken = seats_of(room)
    for seat = 1, room.seats do
      if taken[seat] == '' then free = free + 1 end
    end
  end
  return free
end

-- For one of a line: the first rung with a free place, and for each rung before it the level that was full.
local function free_rung(room, line)
  local full = {0, 0, 0}
  for rung = RTC, line == 1 and RTC or STANDARD do
    full[rung] = full_level(room, rung, 1, rung == RTC and line == 2 and kept_for_seats(room) or 0) or 0
    if full[rung] == 0 then return rung, full end
  end
  return nil, full
end

local function give_seat(room, seat, user)
  if seat == 0 then return end
  seats_of(room)[seat] = user
  room.changed = true
end

local function is_staff(p) return p.role <= 2 end

-- Students who need a seat stand in line 1 of a room, viewers in line 2.
local function line_of(p) return (p.role == STUDENT and p.room.seats > 0) and 1 or 2 end

local function line_prefix(room, line) return room.id .. '|' .. line .. '|' end

local function queue_member(p)
  return line_prefix(p.room, line_of(p)) .. string.format('%016.0f', p.ticket) .. '|' .. p.user
end

local function set_full(p, full) p.full_rtc, p.full_fast, p.full_standard = full[1], full[2], full[3] end

-- Sets p on a place that is free.
local function sit(p, rung, seat, slice)
  local room = p.room
  if slice == 1 then
    room.slice = room.slice + 1
    if p.role == TEACHER then room.slice_teachers = room.slice_teachers + 1 end
  else
    take(room, rung, 1)
  end
  give_seat(room, seat, p.user)
  room.on[rung] = room.on[rung] + 1
  room.changed = true
  p.rung, p.seat, p.slice = rung, seat, slice
end

-- Sets p into the queue, by its ticket.
local function wait(p)
  local room, line = p.room, line_of(p)
  if room.on[QUEUED_RUNG] == 0 then
    turn = turn + 1
    call('ZADD', TURNS, int(turn), room.id)
  end
  call('ZADD', QUEUE, 0, queue_member(p))
  room.waiting[line] = room.waiting[line] + 1
  room.on[QUEUED_RUNG] = room.on[QUEUED_RUNG] + 1
  room.changed = true
  p.rung, p.seat, p.slice = QUEUED_RUNG, 0, 0
end

-- Takes p from its place or out of the queue.
local function rise(p)
  local room = p.room
  room.on[p.rung] = room.on[p.rung] - 1
  room.changed = true
  if p.rung == QUEUED_RUNG then
    local line = line_of(p)
    call('ZREM', QUEUE, queue_member(p))
    room.waiting[line] = room.waiting[line] - 1
    if room.on[QUEUED_RUNG] == 0 then call('ZREM', TURNS, room.id) end
    return
  end
  if p.slice == 1 then
    room.slice = room.slice - 1
    if p.role == TEACHER then room.slice_teachers = room.slice_teachers - 1 end
  else
    take(room, p.rung, -1)
  end
  give_seat(room, p.seat, '')
end

-- Admits the first of a line when there is a place for it: 1, else 0.
local function admit_first(room, line)
  if room.waiting[line] == 0 then return 0 end
  local seat = 0
  if line == 1 then
    seat = free_seat(room, room.seats)
    if not seat then return 0 end
  end
  local rung, full = free_rung(room, line)
  if not rung then return 0 end
  local prefix = line_prefix(room, line)
  local first = call('ZRANGEBYLEX', QUEUE, '[' .. prefix, '(' .. room.id .. '|' .. line .. '}', 'LIMIT', 0, 1)[1]
  local p = load_person(room, string.sub(first, #prefix + 18))
  rise(p)
  sit(p, rung, seat, 0)
  set_full(p, full)
  p.why, p.placed, p.placed_at = ADMITTED, next_sequence(), now
  if room.last_admitted > 0 then
    local gap = math.max(0, now - room.last_admitted)
    if room.interval > 0 then gap = math.floor((4 * room.interval + gap) / 5) end
    room.interval = math.max(1, gap)
  end
  room.last_admitted = now
  save_person(p)
  tell(p.placed, DID_ADMIT, p)
  return 1
end

-- Admits at most one of each line; the number.
local function visit(room)
  if room.ending == 1 then return 0 end
  return admit_first(room, 1) + admit_first(room, 2)
end

-- Visits rooms with people who wait, in turn, until `limit` are admitted or nobody can be. True when it stopped for
-- the limits only.
local function visit_in_turn(limit, max_visits)
  local admitted, idle, visits = 0, 0, 0
  while admitted < limit and visits < max_visits do
    local id = call('ZRANGE', TURNS, 0, 0)[1]
    if not id or idle >= call('ZCARD', TURNS) then return admitted, false end
    local room = load_room(id)
    local count = visit(room)
    visits, admitted = visits + 1, admitted + count
    idle = count == 0 and idle + 1 or 0
    if room.on[QUEUED_RUNG] > 0 then
      turn = turn + 1
      call('ZADD', TURNS, int(turn), id)
    end
  end
  return admitted, admitted > 0
end

-- After places of these rooms were freed: those who wait there first, then a few rooms in turn.
local MAX_VISITS = 8
local function settle(freed)
  if rebuilding then return end
  for _, room in ipairs(freed) do
    if rooms[room.id] then
      for _ = 1, MAX_VISITS do
        if visit(room) == 0 then break end
      end
    end
  end
  visit_in_turn(MAX_VISITS, MAX_VISITS)
end

-- The room is over: gives its slice back.
local function finish(room)
  take(room, RTC, -room.staff_slots)
  call('HDEL', ROOMS, room.id)
  rooms[room.id] = false
end

-- Ends the stay of p. True when that freed a place.
local function put_out(number, p, cause)
  local room, blob = p.room, p.blob
  local freed = p.rung ~= QUEUED_RUNG
  rise(p)
  room.by_role[p.role] = room.by_role[p.role] - 1
  call('HDEL', PEOPLE, p.key)
  call('ZREM', ROSTER, p.key)
  call('ZREM', LEASES, p.key)
  p.blob = blob
  tell(number, DID_LEAVE, p, cause)
  if room.ending == 1 and room.on[1] + room.on[2] + room.on[3] + room.on[4] == 0 then finish(room) end
  return freed
end

-- 1 for the next one of its line; 0 for who does not wait.
local function queue_position(p)
  if p.rung ~= QUEUED_RUNG then return 0 end
  return call('ZLEXCOUNT', QUEUE, '[' .. line_prefix(p.room, line_of(p)), '[' .. queue_member(p))
end

-- The answer about p.
local function standing(number, p, lease_ends, returned)
  local position, estimate = queue_position(p), -1
  if position > 0 and p.room.interval > 0 then estimate = position * p.room.interval end
  return {0, number, p.blob, position, estimate, lease_ends, returned}
end

local function find_room(id, product)
  local room = load_room(id)
  return room and room.product == product and room
end
