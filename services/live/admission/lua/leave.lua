-- ARGV, for each: room, product, user, epoch, join id or ''. Answers for each: {code, number, ...}.

local function leave(room_id, product, user, epoch, join_id)
  local number = next_sequence()
  local room = find_room(room_id, product)
  local p = room and load_person(room, user)
  if not p or (join_id ~= '' and join_id ~= p.join_id) then return {0, number} end
  if epoch ~= 0 and epoch ~= p.epoch then return {SUPERSEDED, number, p.epoch} end
  if put_out(number, p, BY_REQUEST) then settle({room}) end
  return {0, number}
end

local answers = {}
for i = 3, #ARGV, 5 do
  table.insert(answers, leave(ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), ARGV[i + 4]))
end
save()
return answers
