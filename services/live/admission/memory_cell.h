// The model's cell: the steps that operations are made of. Not thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/live/admission/memory_state.h"
#include "services/live/admission/refusal.h"

namespace trivium::live {

// A person in its room.
struct Seatable {
  MemoryRoom& room;
  const std::string& user_id;
  MemoryPerson& person;
};

struct MemoryCell {
  int64_t max_changes = 0;
  MemoryState state;
  std::deque<Change> changes;  // Oldest first.
  absl::Time now;              // Of the step, in whole ms.
  int64_t number = 0;          // Of the step.
  int64_t tell_as = 0;         // Of a new stay's change: the step's, or a later one when another's change comes first.

  // --- The step.
  // The next number: it follows the clock.
  int64_t Advance();
  // A step's own number, which its answer has.
  int64_t Next() { return number = Advance(); }
  bool Rebuilding() const { return now < state.rebuild_until; }
  // Numbers that the lost state gave out are older than all new ones.
  void Observe(const std::optional<ResumeClaim>& claim);
  template <typename T>
  static int64_t Number(T value) {
    return static_cast<int64_t>(value);
  }
  absl::Status Refuse(Refusal refusal, const RefusalDetail& detail = {}) const;
  absl::Status RefuseLevel(Level level) const;
  absl::Status RefuseRebuilding() const;

  // --- Who is where.
  MemoryRoom* FindRoom(const RoomId& id);
  static Seatable Find(MemoryRoom& room, const std::string& user_id);
  std::optional<absl::Time> BannedUntil(const RoomId& room, const std::string& user_id) const;
  void ForgetBans(size_t limit);
  // An entry of the stream.
  void Tell(int64_t sequence, ChangeKind kind, Seatable p, LeaveCause cause = LeaveCause::kNone);
  absl::StatusOr<Standing> StandingOf(Seatable p, bool returned);
  Participant ParticipantOf(Seatable p);

  // --- Places. A place is given by writing it down: everything else is counted.
  void Put(Seatable p, Rung rung, int seat, bool slice);
  // Into the queue, by its ticket. The room takes its turn after those that have one.
  void Wait(Seatable p);
  void GiveUpTurnWithoutWaiters(const MemoryRoom& room);
  // For one of a line: the first rung with a free place on all levels, and why those before had none. Viewers of a
  // small class leave an RTC place for each free seat.
  std::pair<std::optional<Rung>, FullLevels> FreeRung(const MemoryRoom& room, bool for_seats) const;
  // Ends a stay. True when that freed a place.
  bool PutOut(int64_t sequence, Seatable p, LeaveCause cause);
  // Admits the first of a line when there is a place for it: 1, else 0.
  int AdmitFirst(MemoryRoom& room, bool for_seats);
  void Placed(Seatable p, Why why, const FullLevels& full, int64_t sequence);
  void Smooth(MemoryRoom& room);
  // Admits at most one of each line; the number.
  int Visit(MemoryRoom& room);
  // How many were admitted, and whether it stopped for the limits only.
  std::pair<int64_t, bool> VisitInTurn(int limit, int max_visits);
  // After places of these rooms were freed.
  void Settle(const std::vector<Id>& freed);
  absl::Time LeaseEnd(absl::Duration lease) const;

  // --- Participants (memory_participants.cc). A step's number was not taken yet.
  absl::StatusOr<Standing> JoinOne(const JoinRequest& request);
  absl::StatusOr<Standing> JoinNew(MemoryRoom& room, const JoinRequest& request);
  // A stay begins, or comes back by its claim. `person` has everything but a place.
  absl::StatusOr<Standing> Enter(MemoryRoom& room, const std::string& user_id, MemoryPerson person,
                                 const ResumeClaim* claim, bool returned);
  // Finds a place for a newcomer, kWaiting included.
  absl::Status PlaceNew(const MemoryRoom& room, Place* place);
  absl::Status RefuseQueue(const Place& place) const;
  absl::Status PlaceStaff(const MemoryRoom& room, Place* place);
  // The place that a claim proves, or one in the queue.
  absl::Status Resume(MemoryRoom& room, const ResumeClaim& claim, Place* place);
  // Whether the claimed rung and seat can be had. The holder of the seat makes way for a newer claim.
  bool ClaimStands(MemoryRoom& room, const ResumeClaim& claim, Place* place);
  void Outdo(Seatable p);
  absl::StatusOr<Standing> RenewOne(const RenewRequest& request);
  absl::Status LeaveOne(const LeaveRequest& request);
  absl::StatusOr<Standing> ToStage(Seatable p, int wanted);
  absl::StatusOr<Standing> ToAudience(Seatable p);
  absl::StatusOr<Standing> Moved(Seatable p, bool freed);
};

absl::Time WholeMillis(absl::Time time);

}  // namespace trivium::live
