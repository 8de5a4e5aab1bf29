// How a room moves: one table. A pair that is not listed is illegal and changes nothing. The numbers are those of the
// API and the database.
#pragma once

#include <optional>
#include <string_view>

namespace trivium::live {

enum class RoomState {
  kScheduled = 1,  // Waits for its start.
  kLive = 2,       // Open.
  kEnded = 3,      // Nobody joins any more; those in it may stay a while.
  kClosed = 4,     // Empty.
  kCanceled = 5,   // Never took place.
};

enum class RoomEvent {
  kStarted,   // Its staff have their places.
  kEnded,     // By the product, or by its time.
  kClosed,    // Its close_delay is over and everybody has left.
  kCanceled,  // By the product, or nobody started it.
};

struct RoomTransition {
  RoomState from;
  RoomEvent event;
  RoomState to;
};

inline constexpr RoomTransition kRoomTransitions[] = {
    {RoomState::kScheduled, RoomEvent::kStarted, RoomState::kLive},
    {RoomState::kScheduled, RoomEvent::kCanceled, RoomState::kCanceled},
    {RoomState::kLive, RoomEvent::kEnded, RoomState::kEnded},
    {RoomState::kEnded, RoomEvent::kClosed, RoomState::kClosed},
};

// The state after an event; nullopt: illegal.
constexpr std::optional<RoomState> NextState(RoomState from, RoomEvent event) {
  for (const RoomTransition& t : kRoomTransitions) {
    if (t.from == from && t.event == event) return t.to;
  }
  return std::nullopt;
}

// Whether its name may not be given to another room yet.
constexpr bool HoldsRef(RoomState state) { return state != RoomState::kClosed && state != RoomState::kCanceled; }
// Whether it has, or may have, places in the admission.
constexpr bool IsOpen(RoomState state) { return state == RoomState::kLive || state == RoomState::kEnded; }

// "SCHEDULED": the API's name.
constexpr std::string_view StateName(RoomState state) {
  constexpr std::string_view kNames[] = {"STATE_UNSPECIFIED", "SCHEDULED", "LIVE", "ENDED", "CLOSED", "CANCELED"};
  return kNames[static_cast<int>(state)];
}

}  // namespace trivium::live
