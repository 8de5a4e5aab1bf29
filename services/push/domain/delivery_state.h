// How one user's delivery of a RELIABLE message moves: one table. A pair that is not listed is illegal and changes
// nothing. The numbers are those of the API and the database.
#pragma once

#include <string_view>

namespace trivium::push {

enum class DeliveryState {
  kPending = 1,  // Not acknowledged yet.
  kAcked = 2,    // The user's client has acknowledged it.
  kVendor = 3,   // Handed to a vendor's push.
  kExpired = 4,  // Its time was over.
  kDropped = 5,  // Given up, for a reason.
};

struct DeliveryTransition {
  DeliveryState from;
  DeliveryState to;
};

inline constexpr DeliveryTransition kDeliveryTransitions[] = {
    {DeliveryState::kPending, DeliveryState::kAcked},
    {DeliveryState::kPending, DeliveryState::kVendor},
    {DeliveryState::kPending, DeliveryState::kExpired},
    {DeliveryState::kPending, DeliveryState::kDropped},
    // The user opened the app after the vendor's notification: an acknowledgement is worth more than a hand-over.
    {DeliveryState::kVendor, DeliveryState::kAcked},
};

constexpr bool CanMove(DeliveryState from, DeliveryState to) {
  for (const DeliveryTransition& t : kDeliveryTransitions) {
    if (t.from == from && t.to == to) return true;
  }
  return false;
}

// "PENDING": the API's name.
constexpr std::string_view StateName(DeliveryState state) {
  constexpr std::string_view kNames[] = {"STATE_UNSPECIFIED", "PENDING", "ACKED", "VENDOR", "EXPIRED", "DROPPED"};
  return kNames[static_cast<int>(state)];
}

// Why a delivery was given up.
enum class DropReason {
  kNone = 0,
  kCollapsed = 1,       // A newer message with the same collapse key took its place.
  kCanceled = 2,        // The product canceled the message.
  kSlowReader = 3,      // A connection did not read fast enough.
  kNotAMember = 4,      // The user has left the room.
  kTooManyPending = 5,  // The user had too many unacknowledged messages.
};
inline constexpr int kDropReasons = 5;

// "COLLAPSED": the API's name; "" for kNone.
constexpr std::string_view ReasonName(DropReason reason) {
  constexpr std::string_view kNames[] = {
      "", "COLLAPSED", "CANCELED", "SLOW_READER", "NOT_A_MEMBER", "TOO_MANY_PENDING"};
  return kNames[static_cast<int>(reason)];
}

// The reason of an API name; kNone when there is none of that name.
constexpr DropReason DropReasonOf(std::string_view name) {
  for (int i = 1; i <= kDropReasons; ++i) {
    if (ReasonName(static_cast<DropReason>(i)) == name) return static_cast<DropReason>(i);
  }
  return DropReason::kNone;
}

}  // namespace trivium::push
