// What may happen to a room, when, and what it wants of the admission. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/live/admission/admission.h"
#include "services/live/domain/room.h"

namespace trivium::live {

// A room that nobody ends, or starts, is over so long after its time.
inline constexpr absl::Duration kForgottenAfter = absl::Hours(4);

// Capacities of a room's own level and its seats, as the admission wants them. A small class has places for its staff,
// its seats and as many observers, all on RTC.
RoomLimits LimitsOf(const Room& room);

struct StepResult {
  enum class Kind { kChanged, kSame, kRefused };
  Kind kind = Kind::kSame;
  RoomEvent event = RoomEvent::kStarted;  // kChanged of an event: the one that happened.
  std::string field;  // kRefused of a patch: the first field that may not change in this state; "" for an event.
};
// Applies a step to a room: version and update_time grow when anything changes. A state that is already what the event
// makes is kSame, and so is one after it (ending what is closed).
StepResult Apply(const RoomStep& step, absl::Time now, Room* room);

// What is due for a room by its timetable at a time, and why; nothing: nothing. kClosed is due at close_time.
struct Due {
  RoomEvent event;
  RoomReason reason;

  friend bool operator==(const Due&, const Due&) = default;
};
std::optional<Due> DueAt(const Room& room, absl::Time now);
// When something is due next for a room that nobody touches; InfiniteFuture: never.
absl::Time NextDue(const Room& room);

}  // namespace trivium::live
