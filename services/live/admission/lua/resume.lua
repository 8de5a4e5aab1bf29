-- Coming back after the loss of Redis, by what a resume token proves. After places.lua.

local CLAIM = '>BBBBI8I8I8I8c16'
local function read_claim(blob)
  if blob == '' then return nil end
  local c = {}
  c.role, c.rung, c.seat, c.mute, c.epoch, c.placed, c.ticket, c.joined, c.join_id = struct.unpack(CLAIM, blob)
  return c
end

-- Numbers that the lost state gave out are older than all new ones, whatever the clocks say.
local function observe(claim)
  if claim and rebuilding then sequence = math.max(sequence, claim.epoch, claim.placed, claim.ticket) end
end

local function extend(p, lease)
  local ends = now + lease
  call('ZADD', LEASES, ends, p.key)
  return ends
end

local function banned_until(room, user) return tonumber(call('ZSCORE', BANS, room.id .. '|' .. user) or 0) end

-- A stay that begins, or came back by a claim: no place yet.
local function newcomer(room, user, role, request, join_id, number)
  return {room = room, user = user, key = room.id .. '|' .. user, role = role, rung = 0, seat = 0, slice = 0, mute = 0,
    why = 0, full_rtc = 0, full_fast = 0, full_standard = 0, epoch = number, placed = number, ticket = 0, joined = now,
    placed_at = now, join_id = join_id, request = request}
end

local function enter(p)
  local room = p.room
  room.by_role[p.role] = room.by_role[p.role] + 1
  room.changed = true
  call('ZADD', ROSTER, 0, p.key)
end

local function queue_is_full(room) return room.on[QUEUED_RUNG] >= room.queue_max end

-- The holder of a seat whose claim is older than another's gives it up: it waits, or is out when the queue is full.
local function outdo(p, number)
  if queue_is_full(p.room) then
    put_out(number, p, BY_CLAIM)
    return
  end
  rise(p)
  if p.ticket == 0 then p.ticket = p.placed end
  wait(p)
  p.why, p.placed, p.placed_at = OUTDONE, number, now
  set_full(p, {0, 0, 0})
  save_person(p)
  tell(number, DID_OUTDO, p)
end

-- The rung that p claims, 0, and the older holder of the seat, who made way; nil and the level that is full, or 0, when
-- rung or seat cannot be had.
local function claimed_rung(p, claim, number)
  local room, holder = p.room, nil
  if claim.seat > 0 then
    if p.role ~= STUDENT or claim.seat > seat_count(room) then return nil, 0 end
    local user = seats_of(room)[claim.seat]
    holder = user ~= '' and load_person(room, user) or nil
    if holder and holder.placed >= claim.placed then return nil, 0 end
  end
  local full = full_level(room, claim.rung, holder and 0 or 1)
  if full then return nil, full end
  if holder then outdo(holder, number) end
  return claim.rung, 0, holder
end

-- Brings a stay back: on the place that the claim proves, or into the queue. nil, or a refusal.
local function resume(p, claim, number)
  local room = p.room
  p.join_id, p.joined, p.mute, p.placed, p.ticket = claim.join_id, claim.joined, claim.mute, claim.placed, claim.ticket
  p.why, p.placed_at = RESUMED, now
  set_full(p, {0, 0, 0})
  if is_staff(p) then
    local slice = slice_open(room, p.role) and 1 or 0
    if slice == 0 and full_level(room, RTC, 1) then return {STAFF_SLICE_FULL, number} end
    sit(p, RTC, 0, slice)
  else
    local rung, full, outdone = nil, 0, nil
    if claim.rung ~= QUEUED_RUNG then rung, full, outdone = claimed_rung(p, claim, number) end
    -- The stream takes numbers in their order only.
    if outdone then number = next_sequence() end
    if rung then
      sit(p, rung, claim.seat, 0)
    else
      if queue_is_full(room) then return {QUEUE_FULL, number, OUTDONE, 0, 0, 0} end
      if claim.rung ~= QUEUED_RUNG then
        p.why = OUTDONE
        if p.ticket == 0 then p.ticket = p.placed end
        local levels_full = {0, 0, 0}
        levels_full[claim.rung] = full
        set_full(p, levels_full)
      end
      wait(p)
    end
  end
  enter(p)
  save_person(p)
  tell(number, DID_RESUME, p)
end
