-- The cell's state as tables, and the step's number. Runs before every script but begin_generation.lua.
-- All keys are given, and one that never exists, so a cluster that moves the slot answers TRYAGAIN, never half a state.
local META, LEVELS, ROOMS, PEOPLE, ROSTER = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local LEASES, QUEUE, TURNS, BANS, CHANGES = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local now, max_changes = tonumber(ARGV[1]), tonumber(ARGV[2])
local call = redis.call

local meta = call('HMGET', META, 'generation', 'rebuild_until', 'sequence', 'turn')
if not meta[1] then return redis.error_reply('STATELOST there is no generation') end
local rebuild_until, sequence, turn = tonumber(meta[2]), tonumber(meta[3]), tonumber(meta[4])
local rebuilding = now < rebuild_until

-- Lua's tostring turns 1e14 into text with an exponent.
local function int(number) return string.format('%.0f', number) end

-- The next number: it follows the clock, so one that was given out before a loss never comes again.
local function next_sequence()
  sequence = math.max(sequence + 1, now * 1000)
  return sequence
end

-- A level: places in [1] to [3], use in [4] to [6], by rung. Its id is that of Level in place.h.
local LEVEL = '>I4I4I4I4I4I4'
local levels = {}
local function load_level(field, id)
  local level = levels[field]
  if level == nil then
    local blob = call('HGET', LEVELS, field)
    level = blob and {struct.unpack(LEVEL, blob)}
    if level then level.id = id end
    levels[field] = level
  end
  return level
end

local function node_field(room) return 'node|' .. room.node end
local function product_field(room) return 'product|' .. room.product end
local INSTITUTION = 'institution|'
local function institution_field(room) return INSTITUTION .. room.product .. '|' .. room.institution end
local function is_institution(field) return string.sub(field, 1, #INSTITUTION) == INSTITUTION end

-- All levels of a room, the narrowest first; nil and the id of one whose capacity was never set.
local function levels_of(room)
  if room.levels then return room.levels end
  local found = {room.level}
  local function add(field, id)
    local level = load_level(field, id)
    if level then table.insert(found, level) end
    return level
  end
  if not add(node_field(room), 4) then return nil, 4 end
  if room.institution ~= '' and not add(institution_field(room), 3) then return nil, 3 end
  if not add(product_field(room), 2) then return nil, 2 end
  if not add('platform', 1) then return nil, 1 end
  room.levels = found
  return found
end

-- A room's record: the fields below, then who has which seat.
local ROOM = '>BI4I4I4I4I4I4BBBI4I4I4I4I4I4I4I4I4BBI4I4I8I8Bc0Bc0Bc0'
local rooms = {}
local function unpack_room(id, blob)
  local level, on, by_role, waiting = {id = 5}, {}, {}, {}
  local room = {id = id, level = level, on = on, by_role = by_role, waiting = waiting}
  local rest
  room.ending, level[1], level[2], level[3], level[4], level[5], level[6],
    room.staff_slots, room.seats, room.stage_size, room.queue_max,
    on[1], on[2], on[3], on[4], by_role[1], by_role[2], by_role[3], by_role[4],
    room.slice, room.slice_teachers, waiting[1], waiting[2], room.interval, room.last_admitted,
    room.product, room.institution, room.node, rest = struct.unpack(ROOM, blob)
  room.seats_blob = string.sub(blob, rest)
  return room
end

local function load_room(id)
  if rooms[id] == nil then
    local blob = call('HGET', ROOMS, id)
    rooms[id] = blob and unpack_room(id, blob)
  end
  return rooms[id]
end

-- User by seat; '' for a free one.
local function seats_of(room)
  if not room.taken then room.taken = cmsgpack.unpack(room.seats_blob) end
  return room.taken
end

local function seat_count(room) return math.max(room.seats, room.stage_size) end

local function save_room(room)
  local level, on, by_role = room.level, room.on, room.by_role
  local seats = room.taken and cmsgpack.pack(room.taken) or room.seats_blob
  call('HSET', ROOMS, room.id, struct.pack(ROOM, room.ending,
    level[1], level[2], level[3], level[4], level[5], level[6],
    room.staff_slots, room.seats, room.stage_size, room.queue_max,
    on[1], on[2], on[3], on[4], by_role[1], by_role[2], by_role[3], by_role[4],
    room.slice, room.slice_teachers, room.waiting[1], room.waiting[2], room.interval, room.last_admitted,
    #room.product, room.product, #room.institution, room.institution, #room.node, room.node) .. seats)
end

-- An institution goes with its last room: each room uses the places of its staff. So the hash holds those that have
-- one now, not all that ever had.
local function save_level(field, level)
  if is_institution(field) and level[4] + level[5] + level[6] == 0 then
    call('HDEL', LEVELS, field)
    return
  end
  call('HSET', LEVELS, field, struct.pack(LEVEL, level[1], level[2], level[3], level[4], level[5], level[6]))
end

-- Writes what changed. Each script that changes something ends with it.
local function save()
  for _, room in pairs(rooms) do
    if room and room.changed then save_room(room) end
  end
  for field, level in pairs(levels) do
    if level and level.changed then save_level(field, level) end
  end
  call('HSET', META, 'sequence', int(sequence), 'turn', int(turn))
end

-- A participant's record.
local PERSON = '>BBBBBBBBBI8I8I8I8I8c16'
local function unpack_person(room, user, key, blob)
  local p = {room = room, user = user, key = key, blob = blob}
  local rest
  p.role, p.rung, p.seat, p.slice, p.mute, p.why, p.full_rtc, p.full_fast, p.full_standard,
    p.epoch, p.placed, p.ticket, p.joined, p.placed_at, p.join_id, rest = struct.unpack(PERSON, blob)
  p.request = string.sub(blob, rest)
  return p
end

local function load_person(room, user)
  local key = room.id .. '|' .. user
  local blob = call('HGET', PEOPLE, key)
  return blob and unpack_person(room, user, key, blob)
end

local function save_person(p)
  p.blob = struct.pack(PERSON, p.role, p.rung, p.seat, p.slice, p.mute, p.why, p.full_rtc, p.full_fast,
    p.full_standard, p.epoch, p.placed, p.ticket, p.joined, p.placed_at, p.join_id) .. p.request
  call('HSET', PEOPLE, p.key, p.blob)
end

local backlog  -- Length of the stream, once asked for.
-- Twice as much is open to staff: a class whose students are in can still get its teacher.
local function backlog_full(role)
  backlog = backlog or call('XLEN', CHANGES)
  return backlog >= (role <= 2 and 2 or 1) * max_changes
end

-- An entry of the stream of changes.
local function tell(number, kind, p, cause)
  if backlog then backlog = backlog + 1 end
  local room = p.room
  call('XADD', CHANGES, int(number) .. '-0', 'd',
    struct.pack('>BBI8BBB', kind, cause or 0, now, #room.id, #room.product, #p.user) ..
    room.id .. room.product .. p.user .. p.blob)
end

-- Codes of refusals, as in refusal.h.
local ROOM_NOT_LIVE, ROOM_ENDING, BANNED, ROLE_DIFFERS, QUEUE_FULL, STAFF_SLICE_FULL = 1, 2, 3, 4, 5, 6
local REBUILDING, BACKLOG, NOT_IN_ROOM, SUPERSEDED, WAITING, NO_SEAT_FOR_ROLE = 7, 8, 9, 10, 11, 12
local NO_SEATS, SEAT_TAKEN, SEATS_FULL, LEVEL_FULL, NO_SUCH_SEAT, CAPACITY_UNKNOWN = 13, 14, 15, 16, 17, 18
local STARTED_DIFFERENTLY, SLOTS_IN_USE, KIND_FIXED = 19, 20, 21
-- Roles, rungs, reasons, kinds of change, causes: the numbers of place.h and admission.h.
local TEACHER, STUDENT = 1, 3
local RTC, STANDARD, QUEUED_RUNG = 1, 3, 4
local FREE_PLACE, SLICE, ALL_FULL, SEATS_TAKEN, BEHIND, ADMITTED, MOVED, RESUMED, OUTDONE = 1, 2, 3, 4, 5, 6, 7, 8, 9
local DID_JOIN, DID_QUEUE, DID_ADMIT, DID_RECONNECT, DID_RESUME, DID_MOVE, DID_MUTE, DID_LEAVE, DID_OUTDO =
  1, 2, 3, 4, 5, 6, 7, 8, 9
local BY_REQUEST, BY_EXPIRY, BY_REMOVAL, BY_ROOM_END, BY_CLAIM = 1, 2, 3, 4, 5
