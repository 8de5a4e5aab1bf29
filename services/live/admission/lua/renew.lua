-- ARGV, for each: room, product, user, epoch, lease, claim.

local function come_back(room, user, epoch, lease, claim, number)
  if not rebuilding then return {NOT_IN_ROOM, number} end
  if not claim or claim.epoch ~= epoch then return {REBUILDING, number, rebuild_until} end
  if backlog_full(claim.role) then return {BACKLOG, number, max_changes} end
  local p = newcomer(room, user, claim.role, '', claim.join_id, number)
  p.epoch = epoch
  return resume(p, claim, number) or standing(number, p, extend(p, lease), 1)
end

local function renew(room_id, product, user, epoch, lease, claim)
  observe(claim)
  local number = next_sequence()
  local room = find_room(room_id, product)
  if not room then return {ROOM_NOT_LIVE, number} end
  if room.ending == 1 then return {ROOM_ENDING, number} end
  local p = load_person(room, user)
  if not p then
    local banned = banned_until(room, user)
    if banned > now then return {BANNED, number, banned} end
    return come_back(room, user, epoch, lease, claim, number)
  end
  if epoch < p.epoch then return {SUPERSEDED, number, p.epoch} end
  if epoch > p.epoch then
    -- The state came back by an older connection's claim, or older than it was: the newer connection shows its own.
    if not (rebuilding and claim and claim.epoch == epoch) then return {NOT_IN_ROOM, number} end
    p.epoch = epoch
    save_person(p)
    tell(number, DID_RECONNECT, p)
  end
  return standing(number, p, extend(p, lease), 1)
end

local answers = {}
for i = 3, #ARGV, 6 do
  table.insert(answers, renew(ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4]),
    read_claim(ARGV[i + 5])))
end
save()
return answers
