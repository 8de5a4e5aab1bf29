// What a step answers when it refuses, as a number and its circumstances; the same for both engines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/live/admission/place.h"

namespace trivium::live {

// Numbers are those of lua/state.lua. In comments: what `detail` holds.
enum class Refusal {
  kNone = 0,
  kRoomNotLive = 1,
  kRoomEnding = 2,
  kBanned = 3,       // Until, in unix ms.
  kRoleDiffers = 4,  // The role that it has.
  kQueueFull = 5,    // Why, and the full level of RTC, FAST, STANDARD; 0: none.
  kStaffSliceFull = 6,
  kRebuilding = 7,      // Until, in unix ms.
  kChangesBacklog = 8,  // options.max_changes.
  kNotInRoom = 9,
  kSuperseded = 10,  // The newest epoch.
  kWaiting = 11,
  kRoleHasNoSeat = 12,  // The role.
  kRoomHasNoSeats = 13,
  kSeatTaken = 14,        // The seat.
  kSeatsFull = 15,        // How many there are.
  kLevelFull = 16,        // Level, rung.
  kNoSuchSeat = 17,       // How many there are.
  kCapacityUnknown = 18,  // Level.
  kStartedDifferently = 19,
  kSlotsInUse = 20,  // How many are needed at least.
  kKindFixed = 21,
};
inline constexpr int kLastRefusal = 21;

using RefusalDetail = std::array<int64_t, 4>;

// "RTC", "PLATFORM", "TEACHER", "BEHIND_QUEUE": as metadata of errors has them; "" for 0.
std::string_view NameOf(Rung rung);
std::string_view NameOf(Level level);
std::string_view NameOf(Role role);
std::string_view NameOf(Why why);

// The error of the API. sequence: of the step, in its metadata. now: for RetryInfo.
absl::Status RefusalError(Refusal refusal, const RefusalDetail& detail, int64_t sequence, absl::Time now);

// Without a generation: UNAVAILABLE ADMISSION_STATE_LOST.
absl::Status StateLost();

}  // namespace trivium::live
