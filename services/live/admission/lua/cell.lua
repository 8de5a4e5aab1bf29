-- ARGV: name, then for expire and admit: how many at most; for capacities, each: field, three rungs.
-- Answers {0, number, done, whether there is more}.

local function expire(number, limit)
  local keys = call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, limit)
  local freed, known = {}, {}
  for _, key in ipairs(keys) do
    local room_id = string.sub(key, 1, string.find(key, '|', 1, true) - 1)
    local room = load_room(room_id)
    if put_out(next_sequence(), load_person(room, string.sub(key, #room_id + 2)), BY_EXPIRY) and not known[room_id] then
      known[room_id] = true
      table.insert(freed, room)
    end
  end
  if #freed > 0 then settle(freed) end
  local bans = call('ZRANGEBYSCORE', BANS, '-inf', now, 'LIMIT', 0, limit)
  if #bans > 0 then call('ZREM', BANS, unpack(bans)) end
  return {0, number, #keys, #keys == limit and 1 or 0}
end

local function admit(number, limit)
  if rebuilding then return {0, number, 0, 0} end
  local admitted, more = visit_in_turn(limit, limit)
  return {0, number, admitted, more and 1 or 0}
end

local function set_capacities(number)
  for i = 4, #ARGV, 4 do
    local field = ARGV[i]
    -- An institution without a room has no level.
    local level = load_level(field, 0) or not is_institution(field) and {0, 0, 0, 0, 0, 0}
    if level then
      for rung = RTC, STANDARD do level[rung] = tonumber(ARGV[i + rung]) end
      level.changed = true
      levels[field] = level
    end
  end
  return {0, number, 0, 0}
end

local name, number, answer = ARGV[3], next_sequence(), nil
if name == 'expire' then
  answer = expire(number, tonumber(ARGV[4]))
elseif name == 'admit' then
  answer = admit(number, tonumber(ARGV[4]))
else
  answer = set_capacities(number)
end
save()
return answer
