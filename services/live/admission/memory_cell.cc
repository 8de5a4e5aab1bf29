#include "services/live/admission/memory_cell.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace trivium::live {
namespace {

constexpr int kVisits = 8;  // MAX_VISITS of lua/places.lua.

}  // namespace

absl::Time WholeMillis(absl::Time time) { return absl::FromUnixMillis(absl::ToUnixMillis(time)); }

int64_t MemoryCell::Advance() {
  state.sequence = std::max(state.sequence + 1, absl::ToUnixMillis(now) * 1000);
  return state.sequence;
}

void MemoryCell::Observe(const std::optional<ResumeClaim>& claim) {
  if (claim && Rebuilding()) {
    state.sequence = std::max({state.sequence, claim->epoch, claim->placed, claim->ticket});
  }
}

absl::Status MemoryCell::Refuse(Refusal refusal, const RefusalDetail& detail) const {
  return RefusalError(refusal, detail, number, now);
}

absl::Status MemoryCell::RefuseLevel(Level level) const {
  return Refuse(Refusal::kLevelFull, {Number(level), Number(Rung::kRtc)});
}

absl::Status MemoryCell::RefuseRebuilding() const {
  return Refuse(Refusal::kRebuilding, {absl::ToUnixMillis(state.rebuild_until)});
}

MemoryRoom* MemoryCell::FindRoom(const RoomId& id) {
  const auto found = state.rooms.find(id.room_id);
  return found == state.rooms.end() || found->second.id != id ? nullptr : &found->second;
}

Seatable MemoryCell::Find(MemoryRoom& room, const std::string& user_id) {
  const auto found = room.people.find(user_id);
  return {room, found->first, found->second};
}

std::optional<absl::Time> MemoryCell::BannedUntil(const RoomId& room, const std::string& user_id) const {
  const auto found = state.bans.find({room.room_id, user_id});
  if (found == state.bans.end() || found->second <= now) return std::nullopt;
  return found->second;
}

void MemoryCell::ForgetBans(size_t limit) {
  std::set<std::tuple<absl::Time, Id, std::string>> over;
  for (const auto& [key, until] : state.bans) {
    if (until <= now) over.emplace(until, key.first, key.second);
  }
  for (const auto& [until, room, user] : over) {
    if (limit-- == 0) break;
    state.bans.erase({room, user});
  }
}

void MemoryCell::Tell(int64_t sequence, ChangeKind kind, Seatable p, LeaveCause cause) {
  changes.push_back({.sequence = sequence,
                     .kind = kind,
                     .time = now,
                     .room = p.room.id,
                     .user_id = p.user_id,
                     .request_id = p.person.request_id,
                     .place = p.person.place,
                     .cause = cause});
}

absl::StatusOr<Standing> MemoryCell::StandingOf(Seatable p, bool returned) {
  Standing standing{.place = p.person.place, .lease_ends = p.person.lease_ends, .returned = returned};
  standing.sequence = number;
  if (p.person.place.rung == Rung::kWaiting) {
    const auto line = p.room.Line(p.room.NeedsSeat(p.person.place.role));
    standing.queue_position = 1 + std::distance(line.begin(), line.find({p.person.place.ticket, p.user_id}));
    if (p.room.interval_ms > 0) {
      standing.estimated_wait = absl::Milliseconds(standing.queue_position * p.room.interval_ms);
    }
  }
  return standing;
}

Participant MemoryCell::ParticipantOf(Seatable p) {
  const Standing standing = *StandingOf(p, true);
  return {p.user_id, standing.place, standing.lease_ends, standing.queue_position};
}

void MemoryCell::Put(Seatable p, Rung rung, int seat, bool slice) {
  p.person.place.rung = rung;
  p.person.place.seat = seat;
  p.person.place.slice = slice;
}

void MemoryCell::Wait(Seatable p) {
  Put(p, Rung::kWaiting, 0, false);
  const Id& id = p.room.id.room_id;
  if (std::find(state.turns.begin(), state.turns.end(), id) == state.turns.end()) state.turns.push_back(id);
}

void MemoryCell::GiveUpTurnWithoutWaiters(const MemoryRoom& room) {
  if (room.On(Rung::kWaiting) == 0) std::erase(state.turns, room.id.room_id);
}

std::pair<std::optional<Rung>, FullLevels> MemoryCell::FreeRung(const MemoryRoom& room, bool for_seats) const {
  FullLevels full;
  for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard}) {
    if (for_seats && rung != Rung::kRtc) break;
    full[Index(rung)] = state.FullLevel(room, rung, 1);
    const int64_t kept = rung == Rung::kRtc && !for_seats ? room.FreeSeats() : 0;
    if (room.Use(rung) + 1 + kept > room.limits.places[Index(rung)]) full[Index(rung)] = Level::kRoom;
    if (!full[Index(rung)]) return {rung, full};
  }
  return {std::nullopt, full};
}

bool MemoryCell::PutOut(int64_t sequence, Seatable p, LeaveCause cause) {
  Tell(sequence, ChangeKind::kLeft, p, cause);
  const bool freed = p.person.place.rung != Rung::kWaiting;
  MemoryRoom& room = p.room;
  room.people.erase(std::string(p.user_id));
  GiveUpTurnWithoutWaiters(room);
  if (room.ending && room.people.empty()) state.EraseRoom(room.id.room_id);
  return freed;
}

int MemoryCell::AdmitFirst(MemoryRoom& room, bool for_seats) {
  const auto line = room.Line(for_seats);
  if (line.empty()) return 0;
  const int seat = for_seats ? room.FreeSeat(room.limits.seats) : 0;
  if (for_seats && seat == 0) return 0;
  const auto [rung, full] = FreeRung(room, for_seats);
  if (!rung) return 0;
  const Seatable p = Find(room, line.begin()->second);
  Put(p, *rung, seat, false);
  GiveUpTurnWithoutWaiters(room);
  Placed(p, Why::kAdmitted, full, Advance());
  Smooth(room);
  Tell(p.person.place.placed, ChangeKind::kAdmitted, p);
  return 1;
}

void MemoryCell::Placed(Seatable p, Why why, const FullLevels& full, int64_t sequence) {
  p.person.place.why = why;
  p.person.place.full = full;
  p.person.place.placed = sequence;
  p.person.place.placed_at = now;
}

void MemoryCell::Smooth(MemoryRoom& room) {
  if (room.last_admitted != absl::InfinitePast()) {
    const int64_t gap = std::max<int64_t>(0, absl::ToInt64Milliseconds(now - room.last_admitted));
    room.interval_ms = std::max<int64_t>(1, room.interval_ms > 0 ? (4 * room.interval_ms + gap) / 5 : gap);
  }
  room.last_admitted = now;
}

int MemoryCell::Visit(MemoryRoom& room) {
  if (room.ending) return 0;
  const int seated = AdmitFirst(room, true);
  return seated + AdmitFirst(room, false);
}

std::pair<int64_t, bool> MemoryCell::VisitInTurn(int limit, int max_visits) {
  int admitted = 0;
  size_t idle = 0;
  for (int visits = 0; admitted < limit && visits < max_visits; ++visits) {
    if (idle >= state.turns.size()) return {admitted, false};
    const Id id = state.turns.front();
    const int count = Visit(state.rooms.at(id));
    admitted += count;
    idle = count == 0 ? idle + 1 : 0;
    if (!state.turns.empty() && state.turns.front() == id) {
      state.turns.pop_front();
      state.turns.push_back(id);
    }
  }
  return {admitted, admitted > 0};
}

void MemoryCell::Settle(const std::vector<Id>& freed) {
  if (Rebuilding()) return;
  std::set<Id> done;
  for (const Id& id : freed) {
    const auto room = state.rooms.find(id);
    if (room == state.rooms.end() || !done.insert(id).second) continue;
    for (int i = 0; i < kVisits && Visit(room->second) > 0; ++i) {
    }
  }
  VisitInTurn(kVisits, kVisits);
}

absl::Time MemoryCell::LeaseEnd(absl::Duration lease) const { return now + absl::Floor(lease, absl::Milliseconds(1)); }

}  // namespace trivium::live
