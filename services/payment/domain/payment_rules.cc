#include "services/payment/domain/payment_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/payment/domain/check_schedule.h"

namespace trivium::payment {
namespace {

const char* ReasonOf(PaymentState state, PaymentEvent event) {
  switch (state) {
    case PaymentState::kFailed:
      return event == PaymentEvent::kAmountMismatch ? kReasonMismatch : kReasonDeclined;
    case PaymentState::kCanceled:
      return kReasonCanceled;
    case PaymentState::kExpired:
      return kReasonNotPaid;
    default:
      return "";
  }
}

// The next question to the PSP: by the schedule, and at the expiry at the latest.
absl::Time DueTime(const Payment& payment, absl::Time now) {
  if (!IsOpen(payment.state)) return absl::InfiniteFuture();
  const absl::Time by_schedule = now + CheckDelay(payment.checks);
  return payment.expire_time > now ? std::min(by_schedule, payment.expire_time) : by_schedule;
}

void Touch(Payment& payment, absl::Time now) {
  payment.update_time = now;
  payment.version++;
  payment.checks = 0;
  // News ends a silence; that the outcome is unknown is none.
  payment.silent = payment.silent && payment.state == PaymentState::kUnknown;
  payment.due_time = DueTime(payment, now);
}

void Touch(Refund& refund, absl::Time now) {
  refund.update_time = now;
  refund.version++;
  refund.checks = 0;
  refund.silent = refund.silent && refund.state == RefundState::kUnknown;
  refund.due_time = IsOpen(refund.state) ? now + CheckDelay(0) : absl::InfiniteFuture();
}

// A wrong amount or currency is another event than the right one.
PaymentEvent WithAmount(const Payment& payment, const PaymentSignal& signal) {
  if (signal.event != PaymentEvent::kPspSucceeded) return signal.event;
  const bool right = signal.paid_minor == payment.amount_minor && signal.paid_currency == payment.currency;
  return right ? PaymentEvent::kPspSucceeded : PaymentEvent::kAmountMismatch;
}

bool HasAlreadyHappened(const Payment& payment, PaymentEvent event) {
  switch (event) {
    case PaymentEvent::kActionRequired:
    case PaymentEvent::kPspWaiting:
      return payment.state == PaymentState::kRequiresAction;
    case PaymentEvent::kPspProcessing:
      return payment.state == PaymentState::kProcessing;
    case PaymentEvent::kPspSucceeded:
      return payment.state == PaymentState::kSucceeded || payment.attempts.back().paid_minor != 0;
    case PaymentEvent::kPspDeclined:
      return payment.state == PaymentState::kFailed;
    case PaymentEvent::kAmountMismatch:
      return payment.state == PaymentState::kFailed && payment.attempts.back().paid_minor != 0;
    case PaymentEvent::kCancelConfirmed:
      return payment.state == PaymentState::kCanceled;
    case PaymentEvent::kExpireConfirmed:
      return payment.state == PaymentState::kExpired;
    case PaymentEvent::kOutcomeUnknown:
      return payment.state == PaymentState::kUnknown;
  }
  return false;
}

Refund SystemRefund(const Payment& payment, RefundOrigin origin, const PaymentContext& context) {
  Refund refund;
  refund.id = context.refund_id;
  refund.payment_id = payment.id;
  refund.attempt_id = payment.attempts.back().id;
  refund.psp = payment.attempts.back().psp;
  refund.product = payment.product;
  refund.request_id = absl::StrCat("system/", FormatId(kPaymentIdKind, payment.id));
  refund.institution_id = payment.institution_id;
  refund.origin = origin;
  refund.create_time = context.now;
  return refund;
}

// Money that the payment did not ask for: booked as nobody's, and sent back.
void ReturnFromSuspense(const PaymentSignal& signal, RefundOrigin origin, const PaymentContext& context,
                        PaymentDecision& decision) {
  Payment& payment = decision.after;
  decision.ledger.push_back(MismatchTaken(payment, signal.paid_minor, signal.paid_currency, context.now));
  Refund refund = SystemRefund(payment, origin, context);
  refund.amount_minor = signal.paid_minor;
  refund.currency = signal.paid_currency;
  refund.from_suspense = true;
  refund.reason = origin == RefundOrigin::kAmountMismatch ? "wrong amount" : "paid after the end";
  Touch(refund, context.now);
  refund.due_time = context.now;
  decision.ledger.push_back(RefundReserved(refund, context.now));
  decision.refund = std::move(refund);
}

// A late success that may not be kept.
void ReturnLatePayment(const PaymentContext& context, PaymentDecision& decision) {
  Refund draft = SystemRefund(decision.after, RefundOrigin::kLatePayment, context);
  draft.amount_minor = decision.after.amount_minor;
  draft.currency = decision.after.currency;
  draft.reason = "paid after the end";
  RefundDecision reserved = Reserve(decision.after, std::move(draft));
  // One change of the payment, not two: paid and refunded at once.
  reserved.payment_after.version = decision.after.version;
  decision.after = std::move(reserved.payment_after);
  decision.refund = std::move(reserved.after);
  std::ranges::move(reserved.ledger, std::back_inserter(decision.ledger));
}

void RecordMoney(const PaymentSignal& signal, const PaymentContext& context, Payment& payment) {
  payment.attempts.back().paid_minor = signal.paid_minor;
  payment.attempts.back().paid_currency = signal.paid_currency;
  payment.paid_time = signal.paid_time == absl::InfinitePast() ? context.now : signal.paid_time;
}

// A payment that has failed stays failed, but money that comes all the same is booked and sent back, once.
PaymentDecision AfterFailure(const Payment& before, const PaymentSignal& signal, const PaymentContext& context) {
  PaymentDecision decision{.verdict = Verdict::kChanged, .after = before};
  RecordMoney(signal, context, decision.after);
  decision.after.late = true;
  ReturnFromSuspense(signal, RefundOrigin::kLatePayment, context, decision);
  Touch(decision.after, context.now);
  return decision;
}

}  // namespace

PaymentDecision Decide(const Payment& before, const PaymentSignal& signal, const PaymentContext& context) {
  const PaymentEvent event = WithAmount(before, signal);
  const bool money = event == PaymentEvent::kPspSucceeded || event == PaymentEvent::kAmountMismatch;
  if (money && before.state == PaymentState::kFailed && before.attempts.back().paid_minor == 0) {
    return AfterFailure(before, signal, context);
  }
  const std::optional<PaymentState> next = NextState(before.state, event);
  if (!next) {
    return {.verdict = HasAlreadyHappened(before, event) ? Verdict::kAlready : Verdict::kIllegal, .after = before};
  }
  PaymentDecision decision{.verdict = Verdict::kChanged, .after = before};
  Payment& after = decision.after;
  const bool late = money && !IsOpen(before.state);
  after.state = *next;
  after.state_reason = ReasonOf(*next, event);
  after.late = late;
  after.attempts.back().state = *next;
  if (!signal.psp_trade_id.empty()) after.attempts.back().psp_trade_id = signal.psp_trade_id;
  after.holds_order = HoldsOrder(*next) && (!late || (context.accept_late && context.order_is_free));
  Touch(after, context.now);
  if (money) RecordMoney(signal, context, after);
  if (event == PaymentEvent::kAmountMismatch) {
    ReturnFromSuspense(signal, RefundOrigin::kAmountMismatch, context, decision);
  } else if (event == PaymentEvent::kPspSucceeded) {
    decision.ledger.push_back(Paid(after, context.now));
    if (late && !after.holds_order) ReturnLatePayment(context, decision);
  }
  return decision;
}

Payment FirstState(Payment draft) {
  draft.state = *NextState(PaymentState::kCreated, PaymentEvent::kActionRequired);
  draft.attempts.back().state = draft.state;
  draft.version = 0;
  Touch(draft, draft.create_time);
  return draft;
}

Payment AsCreated(const Payment& payment) {
  Payment first = payment;
  first.attempts.resize(1);
  first.attempts.front().psp_trade_id.clear();
  first.attempts.front().paid_minor = 0;
  first.attempts.front().paid_currency.clear();
  first.refunded_minor = first.commission_refunded_minor = 0;
  first.state_reason.clear();
  first.late = false;
  first.holds_order = true;
  first.paid_time = absl::InfinitePast();
  return FirstState(std::move(first));
}

Payment AsCanceled(const Payment& payment, int64_t version, absl::Time update_time) {
  Payment canceled = AsCreated(payment);
  canceled.state = canceled.attempts.front().state = PaymentState::kCanceled;
  canceled.state_reason = kReasonCanceled;
  canceled.holds_order = false;
  canceled.update_time = update_time;
  canceled.version = version;
  canceled.due_time = absl::InfiniteFuture();
  return canceled;
}

Refund AsCreated(const Refund& refund) {
  Refund first = refund;
  first.state = RefundState::kProcessing;
  first.state_reason.clear();
  first.version = 0;
  Touch(first, first.create_time);
  return first;
}

RefundCheck CheckRefund(const Payment& payment, int64_t amount_minor, const std::string& currency) {
  if (currency != payment.currency) return RefundCheck::kWrongCurrency;
  if (payment.state != PaymentState::kSucceeded) return RefundCheck::kNotSucceeded;
  return amount_minor > payment.amount_minor - payment.refunded_minor ? RefundCheck::kExceeds : RefundCheck::kOk;
}

RefundDecision Reserve(const Payment& payment, Refund draft) {
  const absl::Time now = draft.create_time;
  // The money goes back the way it came, at the cost of the payee who got it.
  draft.attempt_id = payment.attempts.back().id;
  draft.psp = payment.attempts.back().psp;
  draft.institution_id = payment.institution_id;
  draft.commission_minor = RefundCommission(payment, draft.amount_minor);
  draft.state = RefundState::kProcessing;
  Touch(draft, now);
  draft.due_time = now;  // It is sent at once.
  RefundDecision decision{.verdict = Verdict::kChanged, .payment_after = payment, .payment_changed = true};
  decision.payment_after.refunded_minor += draft.amount_minor;
  decision.payment_after.commission_refunded_minor += draft.commission_minor;
  Touch(decision.payment_after, now);
  decision.ledger.push_back(RefundReserved(draft, now));
  decision.after = std::move(draft);
  return decision;
}

RefundDecision Decide(const Payment& payment, const Refund& before, RefundEvent event, absl::Time now) {
  RefundDecision decision{.payment_after = payment, .after = before};
  const std::optional<RefundState> next = NextState(before.state, event);
  if (!next) {
    decision.verdict = HasAlreadyHappened(before.state, event) ? Verdict::kAlready : Verdict::kIllegal;
    return decision;
  }
  decision.verdict = Verdict::kChanged;
  decision.after.state = *next;
  Touch(decision.after, now);
  if (*next == RefundState::kSucceeded) {
    decision.ledger.push_back(RefundSucceeded(before, now));
  } else if (*next == RefundState::kFailed) {
    decision.after.state_reason = kReasonDeclined;
    decision.ledger.push_back(RefundFailed(before, now));
    if (!before.from_suspense) {
      decision.payment_changed = true;
      decision.payment_after.refunded_minor -= before.amount_minor;
      decision.payment_after.commission_refunded_minor -= before.commission_minor;
      Touch(decision.payment_after, now);
    }
  }
  return decision;
}

}  // namespace trivium::payment
