// The words of admission: levels, rungs, roles, and a participant's place. Values only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "libs/id/id_value.h"

namespace trivium::live {

// Numbers are kept in Redis: never reuse one.
enum class Role { kTeacher = 1, kAssistant = 2, kStudent = 3, kObserver = 4 };
constexpr bool IsStaff(Role role) { return role == Role::kTeacher || role == Role::kAssistant; }

// How a viewer watches, best first. kWaiting: in the room's queue 候课, with no place yet.
enum class Rung { kRtc = 1, kFast = 2, kStandard = 3, kWaiting = 4 };
inline constexpr size_t kRungs = 3;  // Those with a capacity: RTC, FAST, STANDARD, in this order in every array.

// Who limits, widest first. A place is taken on all of them or on none.
enum class Level { kPlatform = 1, kProduct = 2, kInstitution = 3, kNode = 4, kRoom = 5 };

using PerRung = std::array<int64_t, kRungs>;  // Places.
constexpr size_t Index(Rung rung) { return static_cast<size_t>(rung) - 1; }

// One of many of its level. product: for kProduct and kInstitution; name: the institution or the media node.
// A room's own level is read with RoomCounts.
struct LevelName {
  Level level = Level::kPlatform;
  std::string product, name;

  friend bool operator==(const LevelName&, const LevelName&) = default;
};

// Why a participant stands where it does.
enum class Why {
  kFreePlace = 1,   // The first rung with a place on every level. For FAST and STANDARD, `full` says what was not free.
  kStaffSlice = 2,  // Staff, from the room's reserved slice.
  kFull = 3,        // Waits: no rung has a place on every level; `full` names the level for each.
  kSeatsTaken = 4,  // Waits: every seat of the small class is taken.
  kBehindQueue = 5,  // Waits: others have waited before.
  kAdmitted = 6,     // Got its place from the queue.
  kMoved = 7,        // Moved to the stage or the audience.
  kResumed = 8,      // Re-took the place that its resume claim proves, after the loss of Redis.
  kOutdone = 9,      // Waits: its claim's place is taken, or went to a newer claim, after the loss of Redis.
};

// The level that had no place, for each rung that was tried and passed over; a room's own first, the platform's last.
using FullLevels = std::array<std::optional<Level>, kRungs>;

struct Mute {
  bool audio = false, video = false;

  friend bool operator==(const Mute&, const Mute&) = default;
};

// Where a participant stands. Identity: (product, room_id, user_id).
struct Place {
  Id join_id;         // Of this stay in the room; a reconnect keeps it.
  int64_t epoch = 0;  // Of the connection: grows with every Join of the participant, for ever. The newest one counts.
  Role role = Role::kStudent;
  Rung rung = Rung::kWaiting;
  int seat = 0;        // Of a small class or of the stage, from 1; 0: none.
  bool slice = false;  // Staff that holds one of the room's reserved places.
  Mute mute;           // What the teacher has taken away.
  Why why = Why::kFull;
  FullLevels full;
  int64_t placed = 0;    // Sequence at which rung and seat became these: of two claims to one place the newer is right.
  int64_t ticket = 0;    // Order in the queue, kept when admitted; 0: never waited.
  absl::Time joined;     // First Join of this stay. In ms, as all times here.
  absl::Time placed_at;  // Since when rung and seat are these.

  friend bool operator==(const Place&, const Place&) = default;
};

// What a resume token proves (services/live/resume signs it): the place that its bearer had when it last heard of it.
struct ResumeClaim {
  Id join_id;
  int64_t epoch = 0;
  Role role = Role::kStudent;
  Rung rung = Rung::kWaiting;
  int seat = 0;
  Mute mute;
  int64_t placed = 0;
  int64_t ticket = 0;
  absl::Time joined;

  friend bool operator==(const ResumeClaim&, const ResumeClaim&) = default;
};

}  // namespace trivium::live
