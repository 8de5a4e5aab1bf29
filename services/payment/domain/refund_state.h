// How a refund moves: one table. A pair that is not listed is illegal and changes nothing. The numbers are those of the
// API and the database.
#pragma once

#include <optional>
#include <string_view>

namespace trivium::payment {

enum class RefundState {
  kProcessing = 1,  // Recorded, reserved in the ledger, on its way to the PSP.
  kUnknown = 2,     // The PSP's answer was lost: it is being resolved, never guessed.
  kSucceeded = 3,
  kFailed = 4,
};

enum class RefundEvent {
  kPspProcessing,   // The PSP has it and works on it.
  kPspSucceeded,    // The user has the money.
  kPspDeclined,     // The PSP will not do it, ever, under this number.
  kOutcomeUnknown,  // The PSP may have acted: its answer was lost.
};

struct RefundTransition {
  RefundState from;
  RefundEvent event;
  RefundState to;
};

inline constexpr RefundTransition kRefundTransitions[] = {
    {RefundState::kProcessing, RefundEvent::kPspSucceeded, RefundState::kSucceeded},
    {RefundState::kProcessing, RefundEvent::kPspDeclined, RefundState::kFailed},
    {RefundState::kProcessing, RefundEvent::kOutcomeUnknown, RefundState::kUnknown},
    {RefundState::kUnknown, RefundEvent::kPspProcessing, RefundState::kProcessing},
    {RefundState::kUnknown, RefundEvent::kPspSucceeded, RefundState::kSucceeded},
    {RefundState::kUnknown, RefundEvent::kPspDeclined, RefundState::kFailed},
};

// The state after an event; nullopt: illegal.
constexpr std::optional<RefundState> NextState(RefundState from, RefundEvent event) {
  for (const RefundTransition& t : kRefundTransitions) {
    if (t.from == from && t.event == event) return t.to;
  }
  return std::nullopt;
}

// Whether the state says the event already: hearing it again is no news.
constexpr bool HasAlreadyHappened(RefundState state, RefundEvent event) {
  switch (event) {
    case RefundEvent::kPspProcessing:
      return state == RefundState::kProcessing;
    case RefundEvent::kPspSucceeded:
      return state == RefundState::kSucceeded;
    case RefundEvent::kPspDeclined:
      return state == RefundState::kFailed;
    case RefundEvent::kOutcomeUnknown:
      return state == RefundState::kUnknown;
  }
  return false;
}

constexpr bool IsOpen(RefundState state) { return state <= RefundState::kUnknown; }

// "PROCESSING": the API's name.
constexpr std::string_view StateName(RefundState state) {
  constexpr std::string_view kNames[] = {"STATE_UNSPECIFIED", "PROCESSING", "UNKNOWN", "SUCCEEDED", "FAILED"};
  return kNames[static_cast<int>(state)];
}

}  // namespace trivium::payment
