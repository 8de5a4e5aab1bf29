// What participants ask of the model.
#include <optional>

#include "libs/status/status.h"
#include "services/live/admission/memory_cell.h"

namespace trivium::live {

absl::StatusOr<Standing> MemoryCell::JoinOne(const JoinRequest& request) {
  Observe(request.claim);
  Next();
  MemoryRoom* room = FindRoom(request.room);
  if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
  if (room->ending) return Refuse(Refusal::kRoomEnding);
  if (const auto until = BannedUntil(request.room, request.user_id)) {
    return Refuse(Refusal::kBanned, {absl::ToUnixMillis(*until)});
  }
  const auto found = room->people.find(request.user_id);
  if (found == room->people.end()) return JoinNew(*room, request);
  const Seatable p{*room, found->first, found->second};
  if (p.person.place.role != request.role) return Refuse(Refusal::kRoleDiffers, {Number(p.person.place.role)});
  if (p.person.request_id != request.request_id) {
    p.person.place.epoch = number;
    p.person.request_id = request.request_id;
    Tell(number, ChangeKind::kReconnected, p);
  }
  p.person.lease_ends = LeaseEnd(request.lease);
  return StandingOf(p, true);
}

absl::StatusOr<Standing> MemoryCell::JoinNew(MemoryRoom& room, const JoinRequest& request) {
  const bool claims = request.claim && request.claim->role == request.role;
  if (request.only_back && !Rebuilding()) return Refuse(Refusal::kNotInRoom);
  if (Rebuilding() && !claims) return RefuseRebuilding();
  MemoryPerson person{.request_id = request.request_id, .lease_ends = LeaseEnd(request.lease)};
  person.place.join_id = request.join_id;
  person.place.epoch = number;
  person.place.role = request.role;
  person.place.joined = now;
  return Enter(room, request.user_id, person, Rebuilding() ? &*request.claim : nullptr, false);
}

absl::StatusOr<Standing> MemoryCell::Enter(MemoryRoom& room, const std::string& user_id, MemoryPerson person,
                                           const ResumeClaim* claim, bool returned) {
  if (static_cast<int64_t>(changes.size()) >= (IsStaff(person.place.role) ? 2 : 1) * max_changes) {
    return Refuse(Refusal::kChangesBacklog, {max_changes});
  }
  tell_as = number;
  if (claim != nullptr) {
    TRIVIUM_RETURN_IF_ERROR(Resume(room, *claim, &person.place));
  } else {
    TRIVIUM_RETURN_IF_ERROR(PlaceNew(room, &person.place));
  }
  const auto entered = room.people.emplace(user_id, std::move(person)).first;
  const Seatable p{room, entered->first, entered->second};
  const bool waits = p.person.place.rung == Rung::kWaiting;
  if (waits) Wait(p);
  Tell(tell_as, claim != nullptr ? ChangeKind::kResumed : waits ? ChangeKind::kQueued : ChangeKind::kJoined, p);
  return StandingOf(p, returned);
}

absl::Status MemoryCell::PlaceNew(const MemoryRoom& room, Place* place) {
  place->placed = number;
  place->placed_at = now;
  if (IsStaff(place->role)) return PlaceStaff(room, place);
  const bool needs_seat = room.NeedsSeat(place->role);
  place->rung = Rung::kWaiting;
  if (!room.Line(needs_seat).empty()) {
    place->why = Why::kBehindQueue;
  } else if (needs_seat && room.FreeSeat(room.limits.seats) == 0) {
    place->why = Why::kSeatsTaken;
  } else {
    const auto [rung, full] = FreeRung(room, needs_seat);
    place->full = full;
    place->why = rung ? Why::kFreePlace : Why::kFull;
    if (rung) place->rung = *rung;
    if (rung && needs_seat) place->seat = room.FreeSeat(room.limits.seats);
  }
  if (place->rung != Rung::kWaiting) return absl::OkStatus();
  if (room.QueueIsFull()) return RefuseQueue(*place);
  place->ticket = number;
  return absl::OkStatus();
}

absl::Status MemoryCell::RefuseQueue(const Place& place) const {
  RefusalDetail detail{Number(place.why)};
  for (size_t i = 0; i < kRungs; ++i) detail[i + 1] = place.full[i] ? Number(*place.full[i]) : 0;
  return Refuse(Refusal::kQueueFull, detail);
}

absl::Status MemoryCell::PlaceStaff(const MemoryRoom& room, Place* place) {
  place->slice = room.SliceOpen(place->role);
  if (!place->slice && state.FullLevel(room, Rung::kRtc, 1)) return Refuse(Refusal::kStaffSliceFull);
  place->rung = Rung::kRtc;
  if (place->why != Why::kResumed) place->why = place->slice ? Why::kStaffSlice : Why::kFreePlace;
  return absl::OkStatus();
}

absl::Status MemoryCell::Resume(MemoryRoom& room, const ResumeClaim& claim, Place* place) {
  place->join_id = claim.join_id;
  place->joined = claim.joined;
  place->mute = claim.mute;
  place->placed = claim.placed;
  place->ticket = claim.ticket;
  place->placed_at = now;
  place->why = Why::kResumed;
  if (IsStaff(place->role)) return PlaceStaff(room, place);
  place->rung = Rung::kWaiting;
  if (claim.rung != Rung::kWaiting) {
    if (ClaimStands(room, claim, place)) {
      place->rung = claim.rung;
      place->seat = claim.seat;
      return absl::OkStatus();
    }
    place->why = Why::kOutdone;
    if (place->ticket == 0) place->ticket = place->placed;
  }
  if (!room.QueueIsFull()) return absl::OkStatus();
  return Refuse(Refusal::kQueueFull, {Number(Why::kOutdone)});
}

bool MemoryCell::ClaimStands(MemoryRoom& room, const ResumeClaim& claim, Place* place) {
  const std::string* holder = nullptr;
  if (claim.seat > 0) {
    if (claim.role != Role::kStudent || claim.seat > room.SeatCount()) return false;
    holder = room.HolderOf(claim.seat);
    if (holder != nullptr && room.people.at(*holder).place.placed >= claim.placed) return false;
  }
  // The holder's place will be free.
  place->full[Index(claim.rung)] = state.FullLevel(room, claim.rung, holder == nullptr ? 1 : 0);
  if (place->full[Index(claim.rung)]) return false;
  if (holder != nullptr) {
    Outdo(Find(room, *holder));
    tell_as = Advance();
  }
  return true;
}

void MemoryCell::Outdo(Seatable p) {
  if (p.room.QueueIsFull()) {
    PutOut(number, p, LeaveCause::kOutdone);
    return;
  }
  if (p.person.place.ticket == 0) p.person.place.ticket = p.person.place.placed;
  Wait(p);
  Placed(p, Why::kOutdone, {}, number);
  Tell(number, ChangeKind::kOutdone, p);
}

absl::StatusOr<Standing> MemoryCell::RenewOne(const RenewRequest& request) {
  Observe(request.claim);
  Next();
  MemoryRoom* room = FindRoom(request.room);
  if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
  if (room->ending) return Refuse(Refusal::kRoomEnding);
  const bool claims = Rebuilding() && request.claim && request.claim->epoch == request.epoch;
  const auto found = room->people.find(request.user_id);
  if (found == room->people.end()) {
    if (const auto until = BannedUntil(request.room, request.user_id)) {
      return Refuse(Refusal::kBanned, {absl::ToUnixMillis(*until)});
    }
    if (!Rebuilding()) return Refuse(Refusal::kNotInRoom);
    if (!claims) return RefuseRebuilding();
    MemoryPerson person{.lease_ends = LeaseEnd(request.lease)};
    person.place.epoch = request.epoch;
    person.place.role = request.claim->role;
    return Enter(*room, request.user_id, person, &*request.claim, true);
  }
  const Seatable p{*room, found->first, found->second};
  if (request.epoch < p.person.place.epoch) return Refuse(Refusal::kSuperseded, {p.person.place.epoch});
  if (request.epoch > p.person.place.epoch) {
    if (!claims) return Refuse(Refusal::kNotInRoom);
    p.person.place.epoch = request.epoch;
    Tell(number, ChangeKind::kReconnected, p);
  }
  p.person.lease_ends = LeaseEnd(request.lease);
  return StandingOf(p, true);
}

absl::Status MemoryCell::LeaveOne(const LeaveRequest& request) {
  Next();
  MemoryRoom* room = FindRoom(request.room);
  if (room == nullptr || !room->people.contains(request.user_id)) return absl::OkStatus();
  const Seatable p = Find(*room, request.user_id);
  if (!request.join_id.IsZero() && request.join_id != p.person.place.join_id) return absl::OkStatus();
  if (request.epoch != 0 && request.epoch != p.person.place.epoch) {
    return Refuse(Refusal::kSuperseded, {p.person.place.epoch});
  }
  if (PutOut(number, p, LeaveCause::kLeft)) Settle({request.room.room_id});
  return absl::OkStatus();
}

absl::StatusOr<Standing> MemoryCell::ToStage(Seatable p, int wanted) {
  const int count = p.room.SeatCount();
  Place& place = p.person.place;
  if (wanted > count) return Refuse(Refusal::kNoSuchSeat, {count});
  if (place.seat > 0 && (wanted == 0 || wanted == place.seat)) return StandingOf(p, true);
  if (wanted > 0 && p.room.HolderOf(wanted) != nullptr) return Refuse(Refusal::kSeatTaken, {wanted});
  const int seat = wanted > 0 ? wanted : p.room.FreeSeat(count);
  if (seat == 0) return Refuse(Refusal::kSeatsFull, {count});
  if (place.rung != Rung::kRtc) {
    if (const auto full = state.FullLevel(p.room, Rung::kRtc, 1)) return RefuseLevel(*full);
  }
  const bool freed = place.seat > 0 || place.rung != Rung::kRtc;
  Put(p, Rung::kRtc, seat, false);
  return Moved(p, freed);
}

absl::StatusOr<Standing> MemoryCell::ToAudience(Seatable p) {
  if (p.person.place.seat == 0) return StandingOf(p, true);
  Put(p, p.person.place.rung, 0, false);
  return Moved(p, true);
}

absl::StatusOr<Standing> MemoryCell::Moved(Seatable p, bool freed) {
  Placed(p, Why::kMoved, {}, number);
  Tell(number, ChangeKind::kMoved, p);
  if (freed) Settle({p.room.id.room_id});
  return StandingOf(p, true);
}

}  // namespace trivium::live
