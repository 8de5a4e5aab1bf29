-- ARGV, for each: room, product, user, role, request, join id, lease, claim, only back.
-- Answers for each: a standing, or {code, number, ...}.

-- Places a new viewer: nil, or a refusal.
local function place_viewer(p, number)
  local room, line = p.room, line_of(p)
  local rung, seat, full = nil, 0, {0, 0, 0}
  if room.waiting[line] > 0 then
    p.why = BEHIND
  else
    if line == 1 then seat = free_seat(room, room.seats) end
    if seat then
      rung, full = free_rung(room, line)
      p.why = rung and FREE_PLACE or ALL_FULL
    else
      p.why = SEATS_TAKEN
    end
  end
  set_full(p, full)
  if rung then
    sit(p, rung, seat, 0)
    return
  end
  if queue_is_full(room) then return {QUEUE_FULL, number, p.why, full[1], full[2], full[3]} end
  p.ticket = number
  wait(p)
end

-- Staff never waits: from the slice, and beyond it from what is free.
local function place_staff(p, number)
  local slice = slice_open(p.room, p.role) and 1 or 0
  if slice == 0 and full_level(p.room, RTC, 1) then return {STAFF_SLICE_FULL, number} end
  p.why = slice == 1 and SLICE or FREE_PLACE
  sit(p, RTC, 0, slice)
end

local function join_new(p, lease, claim, only_back, number)
  if only_back and not rebuilding then return {NOT_IN_ROOM, number} end
  if rebuilding and not (claim and claim.role == p.role) then return {REBUILDING, number, rebuild_until} end
  if backlog_full(p.role) then return {BACKLOG, number, max_changes} end
  local refusal
  if rebuilding then
    refusal = resume(p, claim, number)
  else
    if is_staff(p) then refusal = place_staff(p, number) else refusal = place_viewer(p, number) end
    if not refusal then
      enter(p)
      save_person(p)
      tell(number, p.rung == QUEUED_RUNG and DID_QUEUE or DID_JOIN, p)
    end
  end
  return refusal or standing(number, p, extend(p, lease), 0)
end

local function join(room_id, product, user, role, request, join_id, lease, claim, only_back)
  observe(claim)
  local number = next_sequence()
  local room = find_room(room_id, product)
  if not room then return {ROOM_NOT_LIVE, number} end
  if room.ending == 1 then return {ROOM_ENDING, number} end
  local banned = banned_until(room, user)
  if banned > now then return {BANNED, number, banned} end
  local p = load_person(room, user)
  if not p then
    return join_new(newcomer(room, user, role, request, join_id, number), lease, claim, only_back, number)
  end
  if p.role ~= role then return {ROLE_DIFFERS, number, p.role} end
  if p.request ~= request then
    p.epoch, p.request = number, request
    save_person(p)
    tell(number, DID_RECONNECT, p)
  end
  return standing(number, p, extend(p, lease), 1)
end

local answers = {}
for i = 3, #ARGV, 9 do
  table.insert(answers, join(ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), ARGV[i + 4], ARGV[i + 5],
    tonumber(ARGV[i + 6]), read_claim(ARGV[i + 7]), ARGV[i + 8] == '1'))
end
save()
return answers
