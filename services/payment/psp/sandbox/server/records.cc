#include "services/payment/psp/sandbox/server/records.h"

#include <nlohmann/json.hpp>

#include "libs/text/view.h"

namespace trivium::payment::sandbox {
namespace {

using nlohmann::json;

constexpr std::string_view kTradeStates[] = {"WAITING", "PROCESSING", "SUCCESS", "DECLINED", "CLOSED"};
constexpr std::string_view kRefundStates[] = {"PROCESSING", "SUCCESS", "FAILED"};

int64_t Ms(absl::Time time) { return absl::ToUnixMillis(time); }
absl::Time FromMs(const json& json) { return absl::FromUnixMillis(json.get<int64_t>()); }

template <size_t N>
int IndexOf(const std::string_view (&names)[N], const json& name) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == name.get_ref<const std::string&>()) return static_cast<int>(i);
  }
  throw json::other_error::create(501, "unknown state", &name);
}

json PlanToLine(const PayPlan& plan) {
  return {{"decline", plan.decline},        {"paid", plan.paid_minor},    {"delay", plan.callback_delay_ms},
          {"copies", plan.callback_copies}, {"drop", plan.callback_drop}, {"reorder", plan.callback_reorder},
          {"fail", plan.query_failures},    {"hang", plan.query_hang_ms}};
}

PayPlan PlanOfLine(const json& line) {
  PayPlan plan;
  plan.decline = line.at("decline");
  plan.paid_minor = line.at("paid");
  plan.callback_delay_ms = line.at("delay");
  plan.callback_copies = line.at("copies");
  plan.callback_drop = line.at("drop");
  plan.callback_reorder = line.at("reorder");
  plan.query_failures = line.at("fail");
  plan.query_hang_ms = line.at("hang");
  return plan;
}

}  // namespace

std::string_view NameOf(TradeState state) { return kTradeStates[static_cast<int>(state)]; }
std::string_view NameOf(RefundState state) { return kRefundStates[static_cast<int>(state)]; }

int64_t Trade::RefundedMinor() const {
  int64_t sum = 0;
  for (const Refund* refund : refunds) sum += refund->state == RefundState::kSuccess ? refund->amount_minor : 0;
  return sum;
}

int64_t Trade::RefundingMinor() const {
  int64_t sum = 0;
  for (const Refund* refund : refunds) sum += refund->state == RefundState::kProcessing ? refund->amount_minor : 0;
  return sum;
}

std::string ToRfc3339(absl::Time time) {
  if (time == absl::UnixEpoch()) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

json ToJson(const Trade& trade) {
  return {{"merchant", trade.order.merchant},
          {"out_trade_no", trade.order.out_trade_no},
          {"trade_id", trade.trade_id},
          {"state", NameOf(trade.state)},
          {"amount_minor", trade.order.amount_minor},
          {"paid_minor", trade.paid_minor},
          {"refunded_minor", trade.RefundedMinor()},
          {"currency", trade.order.currency},
          {"created_at", ToRfc3339(trade.created_at)},
          {"paid_at", ToRfc3339(trade.paid_at)},
          {"closed_at", ToRfc3339(trade.closed_at)}};
}

json ToJson(const Refund& refund, const Trade& trade) {
  return {{"merchant", trade.order.merchant},
          {"out_refund_no", refund.out_refund_no},
          {"out_trade_no", refund.out_trade_no},
          {"refund_id", refund.refund_id},
          {"state", NameOf(refund.state)},
          {"amount_minor", refund.amount_minor},
          {"currency", trade.order.currency},
          {"created_at", ToRfc3339(refund.created_at)},
          {"finished_at", refund.state == RefundState::kProcessing ? "" : ToRfc3339(refund.finished_at)}};
}

json ToJson(const Callback& callback) {
  return {{"id", callback.id},
          {"event_type", callback.event_type},
          {"merchant", callback.merchant},
          {"out_trade_no", callback.out_trade_no},
          {"out_refund_no", callback.out_refund_no},
          {"trade_id", callback.trade_id},
          {"amount_minor", callback.amount_minor},
          {"currency", callback.currency},
          {"time", ToRfc3339(callback.time)}};
}

std::string ToLine(const Trade& trade) {
  const PayOrder& order = trade.order;
  return json{{"t", "trade"},
              {"merchant", order.merchant},
              {"no", order.out_trade_no},
              {"amount", order.amount_minor},
              {"currency", order.currency},
              {"subject", order.subject},
              {"notify", order.notify_url},
              {"expire", Ms(order.expire)},
              {"id", trade.trade_id},
              {"state", NameOf(trade.state)},
              {"paid", trade.paid_minor},
              {"created", Ms(trade.created_at)},
              {"paid_at", Ms(trade.paid_at)},
              {"closed", Ms(trade.closed_at)},
              {"settle", Ms(trade.settle_at)},
              {"plan", PlanToLine(trade.plan)}}
      .dump();
}

Trade TradeOfLine(const json& line) {
  Trade trade;
  trade.order = {line.at("merchant"), line.at("no"),     line.at("amount"),        line.at("currency"),
                 line.at("subject"),  line.at("notify"), FromMs(line.at("expire"))};
  trade.trade_id = line.at("id");
  trade.state = static_cast<TradeState>(IndexOf(kTradeStates, line.at("state")));
  trade.paid_minor = line.at("paid");
  trade.created_at = FromMs(line.at("created"));
  trade.paid_at = FromMs(line.at("paid_at"));
  trade.closed_at = FromMs(line.at("closed"));
  trade.settle_at = FromMs(line.at("settle"));
  trade.plan = PlanOfLine(line.at("plan"));
  return trade;
}

std::string ToLine(const Refund& refund, const Trade& trade) {
  return json{{"t", "refund"},
              {"merchant", trade.order.merchant},
              {"no", refund.out_refund_no},
              {"trade", refund.out_trade_no},
              {"id", refund.refund_id},
              {"reason", refund.reason},
              {"state", NameOf(refund.state)},
              {"amount", refund.amount_minor},
              {"created", Ms(refund.created_at)},
              {"finished", Ms(refund.finished_at)},
              {"will_fail", refund.will_fail}}
      .dump();
}

Refund RefundOfLine(const json& line) {
  Refund refund;
  refund.out_refund_no = line.at("no");
  refund.out_trade_no = line.at("trade");
  refund.refund_id = line.at("id");
  refund.reason = line.at("reason");
  refund.state = static_cast<RefundState>(IndexOf(kRefundStates, line.at("state")));
  refund.amount_minor = line.at("amount");
  refund.created_at = FromMs(line.at("created"));
  refund.finished_at = FromMs(line.at("finished"));
  refund.will_fail = line.at("will_fail");
  return refund;
}

std::string ToLine(const Callback& callback) {
  // What is over needs no contents.
  if (callback.done) return json{{"t", "callback"}, {"key", callback.key}, {"done", true}}.dump();
  json line = ToJson(callback);
  line.update({{"t", "callback"},
               {"key", callback.key},
               {"notify", callback.notify_url},
               {"at", Ms(callback.time)},
               {"due", Ms(callback.due)},
               {"attempts", callback.attempts},
               {"done", false}});
  return line.dump();
}

Callback CallbackOfLine(const json& line) {
  Callback callback;
  callback.key = line.at("key");
  callback.done = line.at("done");
  if (callback.done) return callback;
  callback.id = line.at("id");
  callback.event_type = line.at("event_type");
  callback.merchant = line.at("merchant");
  callback.out_trade_no = line.at("out_trade_no");
  callback.out_refund_no = line.at("out_refund_no");
  callback.trade_id = line.at("trade_id");
  callback.amount_minor = line.at("amount_minor");
  callback.currency = line.at("currency");
  callback.notify_url = line.at("notify");
  callback.time = FromMs(line.at("at"));
  callback.due = FromMs(line.at("due"));
  callback.attempts = line.at("attempts");
  return callback;
}

}  // namespace trivium::payment::sandbox
