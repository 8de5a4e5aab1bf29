-- Changes nothing. ARGV: name, then for levels: fields; for room: room, product; for list: room, product, after, limit;
-- for find: room, product, user; for scan: cursor, limit.

local function levels_now()
  local answers = {}
  for i = 4, #ARGV do
    local level = load_level(ARGV[i], 0)
    table.insert(answers, level and {level[1], level[2], level[3], level[4], level[5], level[6]} or {})
  end
  return answers
end

local function room_now()
  local room = find_room(ARGV[4], ARGV[5])
  if not room then return {ROOM_NOT_LIVE, sequence} end
  local taken, level, on, by_role = 0, room.level, room.on, room.by_role
  for _, user in ipairs(seats_of(room)) do
    if user ~= '' then taken = taken + 1 end
  end
  return {0, sequence, room.institution, room.node, room.ending, level[1], level[2], level[3], level[4], level[5],
    level[6], room.staff_slots, room.seats, room.stage_size, room.queue_max, on[1], on[2], on[3], on[4], by_role[1],
    by_role[2], by_role[3], by_role[4], taken, room.slice}
end

local function list()
  local room = find_room(ARGV[4], ARGV[5])
  if not room then return {ROOM_NOT_LIVE, sequence} end
  local prefix = room.id .. '|'
  local keys = call('ZRANGEBYLEX', ROSTER, '(' .. prefix .. ARGV[6], '(' .. room.id .. '}', 'LIMIT', 0, tonumber(ARGV[7]))
  local answer = {0, sequence}
  if #keys > 0 then
    local leases = call('ZMSCORE', LEASES, unpack(keys))
    for i, blob in ipairs(call('HMGET', PEOPLE, unpack(keys))) do
      local p = unpack_person(room, string.sub(keys[i], #prefix + 1), keys[i], blob)
      table.insert(answer, p.user)
      table.insert(answer, blob)
      table.insert(answer, tonumber(leases[i] or 0))
      table.insert(answer, queue_position(p))
    end
  end
  return answer
end

-- Answers {0, number, participant, end of the lease, position}.
local function find()
  local room = find_room(ARGV[4], ARGV[5])
  if not room then return {ROOM_NOT_LIVE, sequence} end
  local p = load_person(room, ARGV[6])
  if not p then return {NOT_IN_ROOM, sequence} end
  return {0, sequence, p.blob, tonumber(call('ZSCORE', LEASES, p.key) or 0), queue_position(p)}
end

-- Answers {0, number, cursor, then for each: room, product, node, participants on each rung}.
local function scan()
  local found = call('HSCAN', ROOMS, ARGV[4], 'COUNT', tonumber(ARGV[5]))
  local answer = {0, sequence, found[1]}
  for i = 1, #found[2], 2 do
    local room = unpack_room(found[2][i], found[2][i + 1])
    for _, part in ipairs({room.id, room.product, room.node, room.on[1], room.on[2], room.on[3], room.on[4]}) do
      table.insert(answer, part)
    end
  end
  return answer
end

local function cell_now()
  return {0, sequence, tonumber(meta[1]), rebuild_until, call('HLEN', ROOMS), call('HLEN', PEOPLE), call('ZCARD', QUEUE),
    call('ZCARD', TURNS), call('ZCARD', BANS), call('XLEN', CHANGES)}
end

local name = ARGV[3]
if name == 'levels' then return levels_now() end
if name == 'room' then return room_now() end
if name == 'list' then return list() end
if name == 'find' then return find() end
if name == 'scan' then return scan() end
return cell_now()
