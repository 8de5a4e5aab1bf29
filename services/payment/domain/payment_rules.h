// What follows when something happens to a payment or refund: pure decisions that every store engine carries out in one
// transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/payment/domain/ledger.h"
#include "services/payment/domain/payment.h"

namespace trivium::payment {

enum class Verdict {
  kChanged,  // Write `after`, the ledger and one event for each changed object.
  kAlready,  // It had happened before: nothing to do.
  kIllegal,  // It contradicts what is known: nothing to do, but somebody should know.
};

// What a PSP, the product or the clock says about a payment. `paid_*` only with money: kPspSucceeded means "the PSP
// took this"; whether the amount is the right one is decided here.
struct PaymentSignal {
  PaymentEvent event = PaymentEvent::kPspWaiting;
  int64_t paid_minor = 0;
  std::string paid_currency;
  std::string psp_trade_id;                     // Empty: not said.
  absl::Time paid_time = absl::InfinitePast();  // Unset: now.
};

// What the decision needs besides the payment.
struct PaymentContext {
  bool accept_late = false;   // The profile keeps late money.
  bool order_is_free = true;  // No other payment holds the order.
  Id refund_id;               // For a refund by the platform, should one follow.
  absl::Time now;
};

struct PaymentDecision {
  Verdict verdict = Verdict::kAlready;
  Payment after;
  std::optional<Refund> refund;  // A refund by the platform that follows at once.
  std::vector<LedgerTransaction> ledger;
};

// The last attempt is the one that the signal is about.
PaymentDecision Decide(const Payment& before, const PaymentSignal& signal, const PaymentContext& context);

// A payment as it is first recorded: with its pay page, waiting for the user. draft: everything but state, times of
// change and version.
Payment FirstState(Payment draft);
// The answer that the request which created it got.
Payment AsCreated(const Payment& payment);
Refund AsCreated(const Refund& refund);
// The answer that the request which canceled it got, at that version and time.
Payment AsCanceled(const Payment& payment, int64_t version, absl::Time update_time);

enum class RefundCheck { kOk, kNotSucceeded, kExceeds, kWrongCurrency };
RefundCheck CheckRefund(const Payment& payment, int64_t amount_minor, const std::string& currency);

struct RefundDecision {
  Verdict verdict = Verdict::kAlready;
  Payment payment_after;
  bool payment_changed = false;
  Refund after;
  std::vector<LedgerTransaction> ledger;
};

// Reserves a refund that CheckRefund allows. draft: product, ids, amount, reason, origin, create_time.
RefundDecision Reserve(const Payment& payment, Refund draft);
// What a PSP says about a refund.
RefundDecision Decide(const Payment& payment, const Refund& before, RefundEvent event, absl::Time now);

}  // namespace trivium::payment
