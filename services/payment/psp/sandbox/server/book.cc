#include "services/payment/psp/sandbox/server/book.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::payment::sandbox {
namespace {

constexpr absl::Duration kReorderMax = absl::Seconds(2);
constexpr int64_t kMaxAttempts = 8;

Refusal Conflict(const char* code, std::string message) { return {409, code, std::move(message)}; }

// Who may pay: a WAITING trade; a CLOSED or DECLINED one only when the payment was on its way.
Refusal CheckPayable(const Trade& trade, bool force_late) {
  switch (trade.state) {
    case TradeState::kWaiting:
      return {};
    case TradeState::kProcessing:
      return Conflict("TRADE_PROCESSING", "the trade is being paid");
    case TradeState::kSuccess:
      return Conflict("ALREADY_PAID", "the trade is paid");
    case TradeState::kDeclined:
      return force_late ? Refusal{} : Conflict("TRADE_DECLINED", "the payment was declined");
    case TradeState::kClosed:
      return force_late ? Refusal{} : Conflict("TRADE_CLOSED", "the trade is closed");
  }
  return {};
}

bool IsSameOrder(const PayOrder& a, const PayOrder& b) {
  return a.amount_minor == b.amount_minor && a.currency == b.currency && a.subject == b.subject &&
         a.notify_url == b.notify_url && a.expire == b.expire;
}

}  // namespace

Book::Book(std::string id_prefix, size_t max_trades) : id_prefix_(std::move(id_prefix)), max_trades_(max_trades) {}
Book::~Book() = default;

std::string Book::Key(std::string_view merchant, std::string_view number) {
  return absl::StrCat(ToAbsl(merchant), "/", ToAbsl(number));
}

std::string Book::NextId(std::string_view kind) {
  return absl::StrCat(ToAbsl(kind), id_prefix_, absl::Hex(++last_id_, absl::kZeroPad8));
}

Trade* Book::Find(std::string_view merchant, std::string_view out_trade_no) const {
  const auto found = trades_.find(Key(merchant, out_trade_no));
  return found == trades_.end() ? nullptr : found->second.get();
}

const Trade* Book::FindTrade(std::string_view merchant, std::string_view out_trade_no) const {
  return Find(merchant, out_trade_no);
}

const Refund* Book::FindRefund(std::string_view merchant, std::string_view out_refund_no) const {
  const auto found = refunds_.find(Key(merchant, out_refund_no));
  return found == refunds_.end() ? nullptr : found->second.get();
}

Trade* Book::Add(Trade trade) {
  auto owned = std::make_unique<Trade>(std::move(trade));
  Trade* const added = owned.get();
  by_merchant_[added->order.merchant].push_back(added);
  trades_.emplace(Key(added->order.merchant, added->order.out_trade_no), std::move(owned));
  return added;
}

Refusal Book::OpenTrade(const PayOrder& order, absl::Time now, Trade** trade) {
  *trade = Find(order.merchant, order.out_trade_no);
  if (*trade == nullptr) {
    if (trades_.size() >= max_trades_) return {429, "TOO_MANY", "the sandbox is full"};
    Trade fresh;
    fresh.order = order;
    fresh.trade_id = NextId("sbt_");
    fresh.created_at = now;
    *trade = Add(std::move(fresh));
    return {};
  }
  // Closed before anybody opened it: only now is it known what it was about.
  if ((*trade)->order.amount_minor == 0) (*trade)->order = order;
  if (!IsSameOrder((*trade)->order, order))
    return Conflict("TRADE_MISMATCH", "out_trade_no: want the values that it was opened with");
  return {};
}

Refusal Book::Open(const PayOrder& order, absl::Time now, const Trade** trade) {
  Trade* opened = nullptr;
  const size_t before = trades_.size();
  Refusal refusal = OpenTrade(order, now, &opened);
  if (!refusal && trades_.size() != before) lines_.push_back(ToLine(*opened));
  *trade = opened;
  return refusal;
}

Refusal Book::OpenWithPlan(const PayOrder& order, const PayPlan& plan, absl::Time now, const Trade** trade) {
  Trade* opened = nullptr;
  if (Refusal refusal = OpenTrade(order, now, &opened)) return refusal;
  opened->plan.query_failures = plan.query_failures;
  opened->plan.query_hang_ms = plan.query_hang_ms;
  lines_.push_back(ToLine(*opened));
  *trade = opened;
  return {};
}

Refusal Book::Pay(const PayOrder& order, const PayPlan& plan, absl::Time now, const Trade** out) {
  Trade* trade = nullptr;
  if (Refusal refusal = OpenTrade(order, now, &trade)) return refusal;
  *out = trade;
  if (Refusal refusal = CheckPayable(*trade, plan.force_late)) return refusal;
  trade->plan = plan;
  trade->state = TradeState::kProcessing;
  trade->settle_at = now + absl::Milliseconds(plan.settle_delay_ms);
  if (plan.settle_delay_ms == 0) {
    SettleTrade(*trade, now);
  } else {
    settlements_.emplace(trade->settle_at, Settlement{trade, nullptr});
    lines_.push_back(ToLine(*trade));
  }
  return {};
}

Refusal Book::Close(std::string_view merchant, std::string_view out_trade_no, absl::Time now, const Trade** out) {
  Trade* trade = Find(merchant, out_trade_no);
  if (trade == nullptr) {
    if (trades_.size() >= max_trades_) return {429, "TOO_MANY", "the sandbox is full"};
    Trade fresh;
    fresh.order.merchant = std::string(merchant);
    fresh.order.out_trade_no = std::string(out_trade_no);
    fresh.trade_id = NextId("sbt_");
    fresh.created_at = now;
    trade = Add(std::move(fresh));
  }
  *out = trade;
  if (trade->state == TradeState::kSuccess) return Conflict("ALREADY_PAID", "the trade is paid");
  if (trade->state == TradeState::kProcessing) return Conflict("TRADE_PROCESSING", "the trade is being paid");
  if (trade->state != TradeState::kWaiting) return {};
  trade->state = TradeState::kClosed;
  trade->closed_at = now;
  lines_.push_back(ToLine(*trade));
  return {};
}

Refusal Book::CreateRefund(const RefundOrder& order, absl::Time now, const Refund** out, const Trade** out_trade) {
  Trade* const trade = Find(order.merchant, order.out_trade_no);
  *out_trade = trade;
  const std::string key = Key(order.merchant, order.out_refund_no);
  if (const auto found = refunds_.find(key); found != refunds_.end()) {
    *out = found->second.get();
    if ((*out)->out_trade_no == order.out_trade_no && (*out)->amount_minor == order.amount_minor) return {};
    return Conflict("REFUND_MISMATCH", "out_refund_no: want the trade and amount of its first use");
  }
  if (trade == nullptr) return {404, "TRADE_NOT_FOUND", "out_trade_no: want a trade that was opened"};
  if (trade->state != TradeState::kSuccess) return Conflict("TRADE_NOT_PAID", "the trade is not paid");
  const int64_t left = trade->paid_minor - trade->RefundedMinor() - trade->RefundingMinor();
  if (order.amount_minor > left) {
    return Conflict("REFUND_EXCEEDS_PAID", absl::StrCat("amount_minor: ", order.amount_minor, ", want <= ", left));
  }
  auto refund = std::make_unique<Refund>();
  refund->out_refund_no = order.out_refund_no;
  refund->out_trade_no = order.out_trade_no;
  refund->refund_id = NextId("sbr_");
  refund->reason = order.reason;
  refund->amount_minor = order.amount_minor;
  refund->created_at = now;
  const bool hangs = faults_.Hits(faults_.refund_hang_ratio, "refund_hang", key);
  refund->finished_at = now + absl::Milliseconds(hangs ? faults_.refund_hang_ms : faults_.refund_delay_ms);
  refund->will_fail = faults_.Hits(faults_.refund_fail_ratio, "refund_fail", key);
  *out = refund.get();
  trade->refunds.push_back(refund.get());
  settlements_.emplace(refund->finished_at, Settlement{trade, refund.get()});
  lines_.push_back(ToLine(*refund, *trade));
  refunds_.emplace(key, std::move(refund));
  return {};
}

bool Book::TakeQueryFailure(std::string_view merchant, std::string_view out_trade_no) {
  Trade* const trade = Find(merchant, out_trade_no);
  if (trade == nullptr || trade->plan.query_failures == 0) return false;
  --trade->plan.query_failures;
  return true;
}

void Book::SetFaults(const Faults& faults) {
  faults_ = faults;
  nlohmann::json line = ToJson(faults);
  line["t"] = "faults";
  lines_.push_back(line.dump());
}

void Book::SettleTrade(Trade& trade, absl::Time now) {
  trade.state = trade.plan.decline ? TradeState::kDeclined : TradeState::kSuccess;
  if (!trade.plan.decline) {
    trade.paid_minor = trade.plan.paid_minor > 0 ? trade.plan.paid_minor : trade.order.amount_minor;
    trade.paid_at = now;
  }
  lines_.push_back(ToLine(trade));
  Callback callback;
  callback.event_type = trade.plan.decline ? "TRADE.DECLINED" : "TRADE.SUCCESS";
  callback.amount_minor = trade.plan.decline ? trade.order.amount_minor : trade.paid_minor;
  callback.due = now + absl::Milliseconds(trade.plan.callback_delay_ms);
  if (trade.plan.callback_reorder) callback.due += kReorderMax * faults_.Draw("reorder", trade.trade_id);
  Emit(std::move(callback), trade, trade.plan.callback_drop, now);
}

void Book::SettleRefund(Refund& refund, Trade& trade, absl::Time now) {
  refund.state = refund.will_fail ? RefundState::kFailed : RefundState::kSuccess;
  refund.finished_at = now;
  lines_.push_back(ToLine(refund, trade));
  Callback callback;
  callback.event_type = refund.will_fail ? "REFUND.FAILED" : "REFUND.SUCCESS";
  callback.out_refund_no = refund.out_refund_no;
  callback.amount_minor = refund.amount_minor;
  callback.due = now;
  Emit(std::move(callback), trade,
       faults_.Hits(faults_.refund_drop_callback_ratio, "refund_drop", Key(trade.order.merchant, refund.out_refund_no)),
       now);
}

void Book::Emit(Callback callback, const Trade& trade, bool drop, absl::Time now) {
  const std::string about =
      absl::StrCat(callback.event_type, Key(trade.order.merchant, trade.order.out_trade_no), callback.out_refund_no);
  if (drop || faults_.Hits(faults_.callback_drop_ratio, "drop", about)) return;
  int64_t copies = callback.out_refund_no.empty() ? std::max<int64_t>(1, trade.plan.callback_copies) : 1;
  if (faults_.Hits(faults_.callback_duplicate_ratio, "duplicate", about)) copies = std::max<int64_t>(copies, 2);
  callback.id = NextId("sbe_");
  callback.merchant = trade.order.merchant;
  callback.out_trade_no = trade.order.out_trade_no;
  callback.trade_id = trade.trade_id;
  callback.currency = trade.order.currency;
  callback.notify_url = trade.order.notify_url;
  callback.time = now;
  callback.due += absl::Milliseconds(faults_.callback_delay_ms) * faults_.Draw("delay", about);
  for (int64_t copy = 1; copy <= copies; ++copy) {
    callback.key = absl::StrCat(callback.id, "#", copy);
    lines_.push_back(ToLine(callback));
    Put(callback);
  }
}

void Book::Put(Callback callback) {
  const std::string key = callback.key;
  Callback& kept = callbacks_[key] = std::move(callback);
  due_.emplace(std::pair(kept.due, key), &kept);
}

void Book::Advance(absl::Time now) {
  while (!settlements_.empty() && settlements_.begin()->first <= now) {
    const Settlement settlement = settlements_.begin()->second;
    settlements_.erase(settlements_.begin());
    if (settlement.refund != nullptr) {
      SettleRefund(*settlement.refund, *settlement.trade, now);
    } else {
      SettleTrade(*settlement.trade, now);
    }
  }
}

absl::Time Book::NextSettlement() const {
  return settlements_.empty() ? absl::InfiniteFuture() : settlements_.begin()->first;
}
absl::Time Book::NextCallback() const { return due_.empty() ? absl::InfiniteFuture() : due_.begin()->first.first; }

std::optional<Callback> Book::TakeCallback(absl::Time now) {
  if (NextCallback() > now) return std::nullopt;
  Callback* const callback = due_.begin()->second;
  due_.erase(due_.begin());
  return *callback;
}

void Book::FinishCallback(const std::string& key, bool taken, absl::Time now) {
  const auto found = callbacks_.find(key);
  if (found == callbacks_.end()) return;
  Callback& callback = found->second;
  callback.done = ++callback.attempts >= kMaxAttempts || taken;
  callback.due = now + absl::Seconds(int64_t{1} << (callback.attempts - 1));
  lines_.push_back(ToLine(callback));
  if (callback.done) {
    callbacks_.erase(found);
  } else {
    due_.emplace(std::pair(callback.due, key), &callback);
  }
}

std::vector<const Trade*> Book::List(std::string_view merchant, size_t from, size_t limit) const {
  const auto found = by_merchant_.find(merchant);
  if (found == by_merchant_.end() || from >= found->second.size()) return {};
  const auto begin = found->second.begin() + static_cast<ptrdiff_t>(from);
  return {begin, begin + static_cast<ptrdiff_t>(std::min(limit, found->second.size() - from))};
}

std::vector<std::string> Book::TakeLines() { return std::exchange(lines_, {}); }

}  // namespace trivium::payment::sandbox
