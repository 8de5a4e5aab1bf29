// How a payment moves: one table. A pair that is not listed is illegal and changes nothing. The numbers are those of
// the API and the database.
#pragma once

#include <optional>
#include <string_view>

namespace trivium::payment {

enum class PaymentState {
  kCreated = 1,         // Recorded; the PSP does not know of it yet.
  kRequiresAction = 2,  // Waits for the user on the pay page.
  kProcessing = 3,      // The PSP works on it.
  kUnknown = 4,         // A PSP's answer was lost or contradicts itself: it is being resolved, never guessed.
  kSucceeded = 5,
  kFailed = 6,
  kCanceled = 7,
  kExpired = 8,
};

enum class PaymentEvent {
  kActionRequired,   // The pay page exists.
  kPspWaiting,       // The PSP says that nobody has paid yet.
  kPspProcessing,    // The PSP says that the user is paying.
  kPspSucceeded,     // The PSP has taken the right amount.
  kPspDeclined,      // The PSP will not take it.
  kAmountMismatch,   // The PSP has taken a wrong amount.
  kCancelConfirmed,  // The product wants it canceled, and the PSP has closed the trade.
  kExpireConfirmed,  // Its time is over, and the PSP has closed the trade.
  kOutcomeUnknown,   // The PSP may have acted: its answer was lost.
};

struct PaymentTransition {
  PaymentState from;
  PaymentEvent event;
  PaymentState to;
};

inline constexpr PaymentTransition kPaymentTransitions[] = {
    {PaymentState::kCreated, PaymentEvent::kActionRequired, PaymentState::kRequiresAction},
    {PaymentState::kCreated, PaymentEvent::kOutcomeUnknown, PaymentState::kUnknown},
    {PaymentState::kCreated, PaymentEvent::kCancelConfirmed, PaymentState::kCanceled},
    {PaymentState::kCreated, PaymentEvent::kExpireConfirmed, PaymentState::kExpired},

    {PaymentState::kRequiresAction, PaymentEvent::kPspProcessing, PaymentState::kProcessing},
    {PaymentState::kRequiresAction, PaymentEvent::kPspSucceeded, PaymentState::kSucceeded},
    {PaymentState::kRequiresAction, PaymentEvent::kPspDeclined, PaymentState::kFailed},
    {PaymentState::kRequiresAction, PaymentEvent::kAmountMismatch, PaymentState::kFailed},
    {PaymentState::kRequiresAction, PaymentEvent::kCancelConfirmed, PaymentState::kCanceled},
    {PaymentState::kRequiresAction, PaymentEvent::kExpireConfirmed, PaymentState::kExpired},
    {PaymentState::kRequiresAction, PaymentEvent::kOutcomeUnknown, PaymentState::kUnknown},

    // The user's try did not go through, and the trade can still be paid.
    {PaymentState::kProcessing, PaymentEvent::kPspWaiting, PaymentState::kRequiresAction},
    {PaymentState::kProcessing, PaymentEvent::kPspSucceeded, PaymentState::kSucceeded},
    {PaymentState::kProcessing, PaymentEvent::kPspDeclined, PaymentState::kFailed},
    {PaymentState::kProcessing, PaymentEvent::kAmountMismatch, PaymentState::kFailed},
    {PaymentState::kProcessing, PaymentEvent::kCancelConfirmed, PaymentState::kCanceled},
    {PaymentState::kProcessing, PaymentEvent::kExpireConfirmed, PaymentState::kExpired},
    {PaymentState::kProcessing, PaymentEvent::kOutcomeUnknown, PaymentState::kUnknown},

    {PaymentState::kUnknown, PaymentEvent::kPspWaiting, PaymentState::kRequiresAction},
    {PaymentState::kUnknown, PaymentEvent::kPspProcessing, PaymentState::kProcessing},
    {PaymentState::kUnknown, PaymentEvent::kPspSucceeded, PaymentState::kSucceeded},
    {PaymentState::kUnknown, PaymentEvent::kPspDeclined, PaymentState::kFailed},
    {PaymentState::kUnknown, PaymentEvent::kAmountMismatch, PaymentState::kFailed},
    {PaymentState::kUnknown, PaymentEvent::kCancelConfirmed, PaymentState::kCanceled},
    {PaymentState::kUnknown, PaymentEvent::kExpireConfirmed, PaymentState::kExpired},

    // Late money wins over a local end: the user's money has moved. It is then refunded, unless the profile accepts it.
    {PaymentState::kExpired, PaymentEvent::kPspSucceeded, PaymentState::kSucceeded},
    {PaymentState::kCanceled, PaymentEvent::kPspSucceeded, PaymentState::kSucceeded},
    {PaymentState::kExpired, PaymentEvent::kAmountMismatch, PaymentState::kFailed},
    {PaymentState::kCanceled, PaymentEvent::kAmountMismatch, PaymentState::kFailed},
};

// The state after an event; nullopt: illegal.
constexpr std::optional<PaymentState> NextState(PaymentState from, PaymentEvent event) {
  for (const PaymentTransition& t : kPaymentTransitions) {
    if (t.from == from && t.event == event) return t.to;
  }
  return std::nullopt;
}

// Whether the PSP may still have something to say about it in the normal course of things.
constexpr bool IsOpen(PaymentState state) { return state <= PaymentState::kUnknown; }

// Whether an order with a payment in this state may not have another one.
constexpr bool HoldsOrder(PaymentState state) { return state <= PaymentState::kSucceeded; }

// "REQUIRES_ACTION": the API's name.
constexpr std::string_view StateName(PaymentState state) {
  constexpr std::string_view kNames[] = {"STATE_UNSPECIFIED", "CREATED", "REQUIRES_ACTION", "PROCESSING", "UNKNOWN",
                                         "SUCCEEDED",         "FAILED",  "CANCELED",        "EXPIRED"};
  return kNames[static_cast<int>(state)];
}

}  // namespace trivium::payment
