// How a message moves: one table. A pair that is not listed is illegal and changes nothing. The numbers are those of
// the API and the database.
#pragma once

#include <string_view>

namespace trivium::push {

enum class MessageState {
  kScheduled = 1,  // Waits for its time.
  kAccepted = 2,   // On its way into its channel.
  kSent = 3,       // In its channel; RELIABLE: deliveries go on.
  kCompleted = 4,  // RELIABLE: nothing is pending any more.
  kCanceled = 5,   // By the product.
};

struct MessageTransition {
  MessageState from;
  MessageState to;
};

inline constexpr MessageTransition kMessageTransitions[] = {
    {MessageState::kScheduled, MessageState::kAccepted}, {MessageState::kScheduled, MessageState::kCanceled},
    {MessageState::kAccepted, MessageState::kSent},      {MessageState::kAccepted, MessageState::kCanceled},
    {MessageState::kSent, MessageState::kCompleted},     {MessageState::kSent, MessageState::kCanceled},
};

constexpr bool CanMove(MessageState from, MessageState to) {
  for (const MessageTransition& t : kMessageTransitions) {
    if (t.from == from && t.to == to) return true;
  }
  return false;
}

// "ACCEPTED": the API's name.
constexpr std::string_view StateName(MessageState state) {
  constexpr std::string_view kNames[] = {"STATE_UNSPECIFIED", "SCHEDULED", "ACCEPTED", "SENT", "COMPLETED", "CANCELED"};
  return kNames[static_cast<int>(state)];
}

}  // namespace trivium::push
