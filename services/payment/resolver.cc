#include "services/payment/resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/log/log.h"
#include "libs/status/status.h"
#include "services/payment/domain/check_schedule.h"

namespace trivium::payment {
namespace {

// For what a PSP has said, however long it took: an answer that is not written down has to be asked for again.
constexpr absl::Duration kRecordTime = absl::Seconds(5);

// What a trade's state means for its payment; nullopt: nothing by itself (a closed trade may be ours to end, or the
// expiry's).
std::optional<PaymentSignal> SignalOf(const Trade& trade) {
  PaymentSignal signal{.psp_trade_id = trade.psp_trade_id};
  switch (trade.state) {
    case TradeState::kNotFound:
    case TradeState::kWaiting:
      signal.event = PaymentEvent::kPspWaiting;
      return signal;
    case TradeState::kProcessing:
      signal.event = PaymentEvent::kPspProcessing;
      return signal;
    case TradeState::kDeclined:
      signal.event = PaymentEvent::kPspDeclined;
      return signal;
    case TradeState::kSucceeded:
      signal.event = PaymentEvent::kPspSucceeded;
      signal.paid_minor = trade.paid_minor;
      signal.paid_currency = trade.paid_currency;
      signal.paid_time = trade.paid_time;
      return signal;
    case TradeState::kClosed:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<RefundEvent> EventOf(PspRefundState state) {
  switch (state) {
    case PspRefundState::kProcessing:
      return RefundEvent::kPspProcessing;
    case PspRefundState::kSucceeded:
      return RefundEvent::kPspSucceeded;
    case PspRefundState::kFailed:
      return RefundEvent::kPspDeclined;
    case PspRefundState::kNotFound:
      return std::nullopt;
  }
  return std::nullopt;
}

void LogSilence(const std::string& psp, const std::string& id, const std::string& attempt_id) {
  TRIVIUM_LOG(kWarning, "a PSP stays silent: it will be asked ever less", {"psp", psp}, {"id", id},
              {"attempt_id", attempt_id});
}

void LogContradiction(const std::string& id, std::string_view state) {
  TRIVIUM_LOG(kWarning, "a PSP contradicts what is known: nothing changed", {"id", id}, {"state", state});
}

}  // namespace

Psp* Resolver::Find(const std::string& name) const {
  const auto it = psps_.find(name);
  return it == psps_.end() ? nullptr : it->second.get();
}

absl::Time Resolver::Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now())); }

absl::StatusOr<PaymentResult> Resolver::Record(const std::string& product, const Id& payment_id, PaymentSignal signal,
                                               absl::Time deadline) {
  PaymentUpdate update{.product = product, .payment_id = payment_id, .signal = std::move(signal), .now = Now()};
  const std::shared_ptr<const Profile> profile = profiles_.Find(product);
  update.accept_late = profile != nullptr && profile->accept_late_success;
  TRIVIUM_ASSIGN_OR_RETURN(update.epoch, fencing_.EpochOf(product, deadline));
  absl::StatusOr<PaymentResult> result = std::move(store_.UpdatePayments({&update, 1}, deadline)[0]);
  fencing_.Observe(product, result.status());
  if (!result.ok()) return result;
  metrics_.Heard(*result);
  if (result->verdict == Verdict::kIllegal)
    LogContradiction(FormatId(kPaymentIdKind, payment_id), StateName(result->payment.state));
  return result;
}

absl::StatusOr<RefundResult> Resolver::Record(const std::string& product, const Id& refund_id, RefundEvent event,
                                              absl::Time deadline) {
  RefundUpdate update{.product = product, .refund_id = refund_id, .event = event, .now = Now()};
  TRIVIUM_ASSIGN_OR_RETURN(update.epoch, fencing_.EpochOf(product, deadline));
  absl::StatusOr<RefundResult> result = std::move(store_.UpdateRefunds({&update, 1}, deadline)[0]);
  fencing_.Observe(product, result.status());
  if (!result.ok()) return result;
  metrics_.Heard(*result);
  if (result->verdict == Verdict::kIllegal)
    LogContradiction(FormatId(kRefundIdKind, refund_id), StateName(result->refund.state));
  return result;
}

template <typename T>
NextCheck Resolver::NextOf(const T& t, const Id& object, PspOutcome outcome) const {
  const absl::Time now = Now();
  const absl::Duration age = now - t.update_time;
  switch (outcome) {
    case PspOutcome::kDone:
    case PspOutcome::kDeclined:
      return {now + DelayAfterNoNews(age, t.checks)};
    case PspOutcome::kNotDone:  // It was not asked, and is as silent as before.
      return {now + Spread(DelayAfterFailure(age, t.checks, 0, 0), object), t.silent};
    case PspOutcome::kError:
    case PspOutcome::kMaybe:
      break;
  }
  const absl::Duration delay = DelayAfterFailure(age, t.checks, book_.Failed(object), book_.Unanswered(object));
  const bool silent = outcome == PspOutcome::kMaybe && (t.silent || book_.IsSilent(object));
  return {now + Spread(delay, object), silent};
}

absl::StatusOr<Verdict> Resolver::PutOff(const Payment& payment, PspOutcome outcome, absl::Time deadline) {
  const Attempt& attempt = payment.attempts.back();
  NextCheck next = NextOf(payment, attempt.id, outcome);
  if (payment.expire_time > Now()) next.due = std::min(next.due, payment.expire_time);
  if (next.silent && !payment.silent)
    LogSilence(attempt.psp, FormatId(kPaymentIdKind, payment.id), FormatId(kAttemptIdKind, attempt.id));
  TRIVIUM_RETURN_IF_ERROR(store_.ReschedulePayment(payment, next, deadline));
  return Verdict::kAlready;
}

absl::StatusOr<Verdict> Resolver::PutOff(const Refund& refund, PspOutcome outcome, absl::Time deadline) {
  const NextCheck next = NextOf(refund, refund.id, outcome);
  if (next.silent && !refund.silent)
    LogSilence(refund.psp, FormatId(kRefundIdKind, refund.id), FormatId(kAttemptIdKind, refund.attempt_id));
  TRIVIUM_RETURN_IF_ERROR(store_.RescheduleRefund(refund, next, deadline));
  return Verdict::kAlready;
}

absl::StatusOr<Verdict> Resolver::RecordOrPutOff(const Payment& payment, PaymentSignal signal, PspOutcome outcome,
                                                 absl::Time deadline) {
  // Most answers are that nothing has happened yet: they cost one statement, not a transaction. Had the payment changed
  // since it was read, putting it off changes nothing.
  const bool news = Decide(payment, signal, {.now = Now()}).verdict != Verdict::kAlready;
  if (!news) return PutOff(payment, outcome, deadline);
  TRIVIUM_ASSIGN_OR_RETURN(const PaymentResult result,
                           Record(payment.product, payment.id, std::move(signal), deadline));
  if (result.verdict == Verdict::kChanged) return Verdict::kChanged;
  return PutOff(payment, outcome, deadline);
}

absl::StatusOr<Verdict> Resolver::RecordOrPutOff(const Refund& refund, RefundEvent event, PspOutcome outcome,
                                                 absl::Time deadline) {
  if (HasAlreadyHappened(refund.state, event)) return PutOff(refund, outcome, deadline);
  TRIVIUM_ASSIGN_OR_RETURN(const RefundResult result, Record(refund.product, refund.id, event, deadline));
  if (result.verdict == Verdict::kChanged) return Verdict::kChanged;
  return PutOff(refund, outcome, deadline);
}

absl::StatusOr<Verdict> Resolver::Ask(const Payment& payment, absl::Time deadline) {
  return Ask(payment, deadline, deadline + kRecordTime);
}

absl::StatusOr<Verdict> Resolver::Ask(const Payment& payment, absl::Time deadline, absl::Time record_by) {
  const Attempt& attempt = payment.attempts.back();
  Psp* psp = Find(attempt.psp);
  if (psp == nullptr) return PutOff(payment, PspOutcome::kNotDone, record_by);
  const PspAnswer<Trade> answer = psp->Query(payment.product, attempt.id, deadline);
  if (answer.outcome != PspOutcome::kDone) return PutOff(payment, answer.outcome, record_by);
  std::optional<PaymentSignal> signal = SignalOf(answer.value);
  if (!signal) return PutOff(payment, answer.outcome, record_by);
  return RecordOrPutOff(payment, *std::move(signal), answer.outcome, record_by);
}

absl::StatusOr<Verdict> Resolver::Expire(const Payment& payment, absl::Time deadline) {
  const absl::Time record_by = deadline + kRecordTime;
  const Attempt& attempt = payment.attempts.back();
  Psp* psp = Find(attempt.psp);
  if (psp == nullptr) return PutOff(payment, PspOutcome::kNotDone, record_by);
  const PspAnswer<Trade> answer = psp->Close(payment.product, attempt.id, deadline);
  switch (answer.outcome) {
    case PspOutcome::kDone: {
      PaymentSignal ended = SignalOf(answer.value).value_or(PaymentSignal{.event = PaymentEvent::kExpireConfirmed});
      return RecordOrPutOff(payment, std::move(ended), answer.outcome, record_by);
    }
    case PspOutcome::kDeclined:
      return Ask(payment, deadline, record_by);
    case PspOutcome::kNotDone:
      return PutOff(payment, answer.outcome, record_by);
    case PspOutcome::kError:
    case PspOutcome::kMaybe:
      return RecordOrPutOff(payment, {.event = PaymentEvent::kOutcomeUnknown}, answer.outcome, record_by);
  }
  return absl::InternalError("an outcome that does not exist");
}

absl::StatusOr<bool> Resolver::Close(const Payment& payment, absl::Time deadline) {
  const Attempt& attempt = payment.attempts.back();
  Psp* psp = Find(attempt.psp);
  if (psp == nullptr) return false;
  const PspAnswer<Trade> answer = psp->Close(payment.product, attempt.id, deadline);
  if (answer.outcome == PspOutcome::kDone) {
    const std::optional<PaymentSignal> signal = SignalOf(answer.value);
    if (!signal) return true;
    TRIVIUM_RETURN_IF_ERROR(Record(payment.product, payment.id, *signal, deadline).status());
    return false;
  }
  if (answer.outcome == PspOutcome::kDeclined) TRIVIUM_RETURN_IF_ERROR(Ask(payment, deadline, deadline).status());
  return false;
}

absl::StatusOr<Verdict> Resolver::Send(const Refund& refund, absl::Time deadline) {
  const absl::Time record_by = deadline + kRecordTime;
  Psp* psp = Find(refund.psp);
  if (psp == nullptr) return PutOff(refund, PspOutcome::kNotDone, record_by);
  const RefundOrder order{.product = refund.product,
                          .refund_id = refund.id,
                          .attempt_id = refund.attempt_id,
                          .amount_minor = refund.amount_minor,
                          .currency = refund.currency,
                          .reason = refund.reason};
  const PspAnswer<PspRefundState> answer = psp->Refund(order, deadline);
  switch (answer.outcome) {
    case PspOutcome::kDone:
      return RecordOrPutOff(refund, EventOf(answer.value).value_or(RefundEvent::kPspProcessing), answer.outcome,
                            record_by);
    case PspOutcome::kDeclined:
      TRIVIUM_LOG(kWarning, "a PSP declined a refund", {"refund_id", FormatId(kRefundIdKind, refund.id)},
                  {"why", answer.message});
      return RecordOrPutOff(refund, RefundEvent::kPspDeclined, answer.outcome, record_by);
    case PspOutcome::kNotDone:
      return PutOff(refund, answer.outcome, record_by);
    case PspOutcome::kError:
    case PspOutcome::kMaybe:
      return RecordOrPutOff(refund, RefundEvent::kOutcomeUnknown, answer.outcome, record_by);
  }
  return absl::InternalError("an outcome that does not exist");
}

absl::StatusOr<Verdict> Resolver::Advance(const Refund& refund, absl::Time deadline) {
  const absl::Time record_by = deadline + kRecordTime;
  const bool never_sent = refund.state == RefundState::kProcessing && refund.version == 1 && refund.checks == 0;
  if (never_sent) return Send(refund, deadline);
  Psp* psp = Find(refund.psp);
  if (psp == nullptr) return PutOff(refund, PspOutcome::kNotDone, record_by);
  const PspAnswer<PspRefundState> answer = psp->QueryRefund(refund.product, refund.id, deadline);
  if (answer.outcome != PspOutcome::kDone) return PutOff(refund, answer.outcome, record_by);
  if (const std::optional<RefundEvent> event = EventOf(answer.value))
    return RecordOrPutOff(refund, *event, answer.outcome, record_by);
  // The PSP does not know it: it never arrived. The same number again is the same refund, should it arrive after all.
  return Send(refund, deadline);
}

absl::StatusOr<Verdict> Resolver::Hear(const PspNotice& notice, absl::Time deadline) {
  if (notice.is_refund) {
    const std::optional<RefundEvent> event = EventOf(notice.refund);
    if (!event) return absl::InvalidArgumentError("a refund's callback without a state");
    TRIVIUM_ASSIGN_OR_RETURN(const RefundResult result, Record(notice.product, notice.refund_id, *event, deadline));
    return result.verdict;
  }
  const std::optional<PaymentSignal> signal = SignalOf(notice.trade);
  if (!signal) return Verdict::kAlready;
  TRIVIUM_ASSIGN_OR_RETURN(const Payment payment,
                           store_.GetPaymentOfAttempt(notice.product, notice.attempt_id, deadline));
  TRIVIUM_ASSIGN_OR_RETURN(const PaymentResult result, Record(notice.product, payment.id, *signal, deadline));
  return result.verdict;
}

}  // namespace trivium::payment
