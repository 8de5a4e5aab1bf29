#include "services/payment/psp/fake_psp.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace trivium::payment {
namespace {

template <typename T>
PspAnswer<T> AnswerOf(FakePsp::Fault fault, T value) {
  switch (fault) {
    case FakePsp::Fault::kNone:
      return {.outcome = PspOutcome::kDone, .value = std::move(value)};
    case FakePsp::Fault::kRefused:
      return {.outcome = PspOutcome::kNotDone};
    case FakePsp::Fault::kLostBefore:
    case FakePsp::Fault::kLostAfter:
      return {.outcome = PspOutcome::kMaybe};
    case FakePsp::Fault::kError:
      return {.outcome = PspOutcome::kError};
  }
  return {};
}

bool Acts(FakePsp::Fault fault) { return fault == FakePsp::Fault::kNone || fault == FakePsp::Fault::kLostAfter; }

}  // namespace

void FakePsp::SetFaults(std::function<Fault()> faults) {
  MutexLock lock(mu_);
  faults_ = std::move(faults);
}

void FakePsp::SetRefundAnswer(std::function<PspRefundState()> answer) {
  MutexLock lock(mu_);
  refund_answer_ = std::move(answer);
}

void FakePsp::Notify(PspNotice notice) {
  notice.key = absl::StrCat("nonce-", ++notice_count_);
  notices_.push_back(std::move(notice));
}

bool FakePsp::Pay(const std::string& product, const Id& attempt_id, int64_t minor, const std::string& currency,
                  absl::Time now, bool force_late) {
  MutexLock lock(mu_);
  Trade& trade = trades_[attempt_id];
  const bool ended = trade.state == TradeState::kClosed || trade.state == TradeState::kDeclined;
  if (trade.state == TradeState::kSucceeded || (ended && !force_late)) return false;
  trade = {.state = TradeState::kSucceeded,
           .psp_trade_id = "trade-" + FormatId("t", attempt_id),
           .paid_minor = minor,
           .paid_currency = currency,
           .paid_time = now};
  money_[attempt_id].taken += minor;
  money_[attempt_id].times_paid++;
  Notify({.product = product, .attempt_id = attempt_id, .trade = trade});
  return true;
}

bool FakePsp::Decline(const std::string& product, const Id& attempt_id) {
  MutexLock lock(mu_);
  Trade& trade = trades_[attempt_id];
  if (trade.state >= TradeState::kSucceeded) return false;
  trade.state = TradeState::kDeclined;
  Notify({.product = product, .attempt_id = attempt_id, .trade = trade});
  return true;
}

void FakePsp::End(RefundRecord& refund, PspRefundState state) {
  refund.state = state;
  if (state == PspRefundState::kProcessing) return;
  if (state == PspRefundState::kSucceeded) money_[refund.order.attempt_id].given_back += refund.order.amount_minor;
  Notify({.product = refund.order.product, .is_refund = true, .refund_id = refund.order.refund_id, .refund = state});
}

void FakePsp::EndRefund(const Id& refund_id, bool succeeded) {
  MutexLock lock(mu_);
  const auto it = refunds_.find(refund_id);
  if (it == refunds_.end() || it->second.state != PspRefundState::kProcessing) return;
  End(it->second, succeeded ? PspRefundState::kSucceeded : PspRefundState::kFailed);
}

std::deque<PspNotice> FakePsp::TakeNotices() {
  MutexLock lock(mu_);
  return std::exchange(notices_, {});
}

std::map<Id, FakePsp::Money> FakePsp::Truth() const {
  MutexLock lock(mu_);
  return money_;
}

std::map<Id, PspRefundState> FakePsp::Refunds() const {
  MutexLock lock(mu_);
  std::map<Id, PspRefundState> refunds;
  for (const auto& [id, refund] : refunds_) refunds[id] = refund.state;
  return refunds;
}

absl::StatusOr<std::string> FakePsp::BuildPayUrl(const PayRequest& request) {
  return absl::StrCat("http://psp.test/pay/", FormatId("att", request.attempt_id));
}

PspAnswer<Trade> FakePsp::Query(const std::string&, const Id& attempt_id, absl::Time) {
  MutexLock lock(mu_);
  const auto it = trades_.find(attempt_id);
  return AnswerOf(NextFault(), it == trades_.end() ? Trade() : it->second);
}

PspAnswer<Trade> FakePsp::Close(const std::string&, const Id& attempt_id, absl::Time) {
  MutexLock lock(mu_);
  const Fault fault = NextFault();
  if (!Acts(fault)) return AnswerOf(fault, Trade());
  Trade& trade = trades_[attempt_id];
  if (trade.state == TradeState::kSucceeded || trade.state == TradeState::kProcessing) {
    if (fault != Fault::kNone) return AnswerOf(fault, Trade());
    return {.outcome = PspOutcome::kDeclined, .value = {.state = trade.state}};
  }
  if (trade.state != TradeState::kDeclined) trade.state = TradeState::kClosed;
  return AnswerOf(fault, trade);
}

PspAnswer<PspRefundState> FakePsp::Refund(const RefundOrder& order, absl::Time) {
  MutexLock lock(mu_);
  const Fault fault = NextFault();
  if (!Acts(fault)) return AnswerOf(fault, PspRefundState::kNotFound);
  if (const auto it = refunds_.find(order.refund_id); it != refunds_.end()) return AnswerOf(fault, it->second.state);
  int64_t refunded = 0;
  for (const auto& [id, refund] : refunds_) {
    if (refund.order.attempt_id == order.attempt_id && refund.state != PspRefundState::kFailed) {
      refunded += refund.order.amount_minor;
    }
  }
  if (refunded + order.amount_minor > money_[order.attempt_id].taken) {
    return {.outcome = fault == Fault::kNone ? PspOutcome::kDeclined : PspOutcome::kMaybe};
  }
  RefundRecord& refund = refunds_[order.refund_id];
  refund.order = order;
  End(refund, refund_answer_ ? refund_answer_() : PspRefundState::kProcessing);
  return AnswerOf(fault, refund.state);
}

PspAnswer<PspRefundState> FakePsp::QueryRefund(const std::string&, const Id& refund_id, absl::Time) {
  MutexLock lock(mu_);
  const auto it = refunds_.find(refund_id);
  return AnswerOf(NextFault(), it == refunds_.end() ? PspRefundState::kNotFound : it->second.state);
}

absl::StatusOr<PspNotice> FakePsp::ParseCallback(const CallbackRequest&, absl::Time) {
  return absl::InvalidArgumentError("the fake PSP hands its notices over by itself");
}

}  // namespace trivium::payment
