// What the model knows, and its rules for one room. Times and numbers are as in Redis: ms and sequences.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/live/admission/admission.h"

namespace trivium::live {

struct MemoryPerson {
  std::string request_id;
  Place place;
  absl::Time lease_ends;
};

struct MemoryRoom {
  RoomId id;
  std::string institution, node;
  RoomLimits limits;
  bool ending = false;
  int64_t interval_ms = 0;  // Smoothed, between admissions from the queue; 0: not known.
  absl::Time last_admitted = absl::InfinitePast();
  std::map<std::string, MemoryPerson> people;

  int SeatCount() const { return std::max(limits.seats, limits.stage_size); }
  int64_t On(Rung rung) const;
  // Places of the rung that the room uses on every level: those of participants, and the whole slice.
  int64_t Use(Rung rung) const;
  int64_t InSlice() const;
  bool TeacherInSlice() const;
  // One reserved place is kept for a teacher as long as none is in.
  bool SliceOpen(Role role) const;
  // Holder of a seat; nullptr: free.
  const std::string* HolderOf(int seat) const;
  // The lowest free one of the first `count`; 0: none.
  int FreeSeat(int count) const;
  // Of a small class.
  int64_t FreeSeats() const;
  // Whether such a participant stands in the line for seats.
  bool NeedsSeat(Role role) const { return role == Role::kStudent && limits.seats > 0; }
  // Those who wait in the same line as the role, first come first: user by (ticket, user).
  std::set<std::pair<int64_t, std::string>> Line(bool for_seats) const;
  bool QueueIsFull() const { return On(Rung::kWaiting) >= limits.queue_max; }
};

struct MemoryState {
  int64_t generation = 0, sequence = 0;
  absl::Time rebuild_until;
  std::map<std::tuple<Level, std::string, std::string>, PerRung> capacities;
  std::map<Id, MemoryRoom> rooms;
  std::deque<Id> turns;  // Rooms in which somebody waits; the next one first.
  std::map<std::pair<Id, std::string>, absl::Time> bans;

  // Use of a level by all rooms that belong to it.
  int64_t Use(const LevelName& level, Rung rung) const;
  const PerRung* CapacityOf(const LevelName& level) const;
  void SetCapacity(const LevelName& level, const PerRung& places);
  // The room is over. With an institution's last room its capacity is forgotten.
  void EraseRoom(Id id);
  // The narrowest level on which `count` more places of the rung are not free; nothing when they are on all.
  std::optional<Level> FullLevel(const MemoryRoom& room, Rung rung, int64_t count) const;
};

// The levels above a room, the narrowest first.
std::vector<LevelName> LevelsAbove(const std::string& product, const std::string& institution, const std::string& node);

}  // namespace trivium::live
