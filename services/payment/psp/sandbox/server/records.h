// What the sandbox keeps: trades, refunds, callbacks; as JSON for the API and as lines of the journal.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/payment/psp/sandbox/server/pay_order.h"

namespace trivium::payment::sandbox {

enum class TradeState { kWaiting, kProcessing, kSuccess, kDeclined, kClosed };
enum class RefundState { kProcessing, kSuccess, kFailed };
std::string_view NameOf(TradeState state);   // "WAITING"
std::string_view NameOf(RefundState state);  // "PROCESSING"

// How a payer pays, and how the PSP behaves about it: POST /control/pay.
struct PayPlan {
  bool decline = false;
  bool force_late = false;
  int64_t paid_minor = 0;  // 0: the amount asked for.
  int64_t settle_delay_ms = 0;
  int64_t callback_delay_ms = 0;
  int64_t callback_copies = 1;
  bool callback_drop = false, callback_reorder = false;
  int64_t query_failures = 0, query_hang_ms = 0;
};

struct Refund {
  std::string out_refund_no, out_trade_no, refund_id, reason;
  RefundState state = RefundState::kProcessing;
  int64_t amount_minor = 0;
  absl::Time created_at, finished_at;  // While PROCESSING, finished_at is when it will be.
  bool will_fail = false;
};

struct Trade {
  PayOrder order;  // Without amount (0) when it was closed before it was opened.
  std::string trade_id;
  TradeState state = TradeState::kWaiting;
  int64_t paid_minor = 0;
  absl::Time created_at, paid_at, closed_at;  // The epoch: not yet.
  absl::Time settle_at;                       // While PROCESSING.
  PayPlan plan;
  std::vector<Refund*> refunds;  // Owned by the Book; oldest first.

  int64_t RefundedMinor() const;   // SUCCESS.
  int64_t RefundingMinor() const;  // PROCESSING.
};

// One sending of an event; a duplicate is a second one with the same id.
struct Callback {
  std::string key;  // "<id>#<copy>"
  std::string id, event_type, merchant, out_trade_no, out_refund_no, trade_id, currency, notify_url;
  int64_t amount_minor = 0;
  absl::Time time;  // Of the event.
  absl::Time due;
  int64_t attempts = 0;
  bool done = false;
};

// The API's JSON.
nlohmann::json ToJson(const Trade& trade);
nlohmann::json ToJson(const Refund& refund, const Trade& trade);
nlohmann::json ToJson(const Callback& callback);
// RFC 3339, UTC, milliseconds; "" for the epoch.
std::string ToRfc3339(absl::Time time);

// A journal line without its newline: a record's whole state; the last one of a record counts.
std::string ToLine(const Trade& trade);
std::string ToLine(const Refund& refund, const Trade& trade);
std::string ToLine(const Callback& callback);
// From a parsed line. They throw nlohmann::json::exception for a broken one.
Trade TradeOfLine(const nlohmann::json& json);
Refund RefundOfLine(const nlohmann::json& json);
Callback CallbackOfLine(const nlohmann::json& json);

}  // namespace trivium::payment::sandbox
