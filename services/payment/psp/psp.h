// A payment service provider 支付渠道, as payment sees each one. Adapters speak the provider's protocol; whoever calls
// decides what an answer means for a payment. What matters of a failed call is whether it may have acted: a lost answer
// is asked for, never guessed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/id/id_value.h"

namespace trivium::payment {

enum class PspOutcome {
  kDone,      // The PSP answered: `value` says how it stands.
  kDeclined,  // The PSP will not do it; asking again gets the same.
  kNotDone,   // Surely nothing happened: refused before it was sent, or refused as a whole (limits, signature).
  kError,     // It may have acted: the PSP, or a proxy before it, answered that it has failed itself.
  kMaybe,     // It may have acted: a time-out, a broken connection, an answer that cannot be believed.
};

template <typename T>
struct PspAnswer {
  PspOutcome outcome = PspOutcome::kMaybe;
  T value;
  std::string message;  // For logs; the PSP's code where it gave one.
};

struct PayRequest {
  std::string product;
  Id attempt_id;
  int64_t amount_minor = 0;
  std::string currency;
  std::string subject;
  absl::Time now, expire_time;
};

enum class TradeState { kNotFound, kWaiting, kProcessing, kSucceeded, kDeclined, kClosed };
struct Trade {
  TradeState state = TradeState::kNotFound;  // kNotFound: the user has never opened the pay page.
  std::string psp_trade_id;
  int64_t paid_minor = 0;  // With kSucceeded: what it took, more than 0.
  std::string paid_currency;
  absl::Time paid_time = absl::InfinitePast();
};

enum class PspRefundState { kNotFound, kProcessing, kSucceeded, kFailed };
struct RefundOrder {
  std::string product;
  Id refund_id, attempt_id;
  int64_t amount_minor = 0;
  std::string currency;
  std::string reason;
};

struct CallbackRequest {
  std::vector<std::pair<std::string, std::string>> headers;  // Names lower-case.
  std::string body;                                          // Raw bytes.
};
// A callback whose signature, time and form are right.
struct PspNotice {
  std::string key;  // Unique at the PSP: the same key again is a replay.
  std::string product;
  bool is_refund = false;
  Id attempt_id, refund_id;  // refund_id where is_refund.
  Trade trade;
  PspRefundState refund = PspRefundState::kNotFound;
};

// Thread-safe. Calls block until `deadline` at most.
class Psp {
 public:
  virtual ~Psp() = default;
  // The page on which the user pays; made here, without a call. FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED when the
  // product is no merchant there.
  virtual absl::StatusOr<std::string> BuildPayUrl(const PayRequest& request) = 0;
  virtual PspAnswer<Trade> Query(const std::string& product, const Id& attempt_id, absl::Time deadline) = 0;
  // Closes an unpaid trade, so that it cannot be paid afterwards; a trade that was never opened, too. kDone: closed (or
  // declined, which is as good). kDeclined: value.state says why not: kSucceeded (ask for the amount) or kProcessing.
  virtual PspAnswer<Trade> Close(const std::string& product, const Id& attempt_id, absl::Time deadline) = 0;
  // Idempotent on refund_id.
  virtual PspAnswer<PspRefundState> Refund(const RefundOrder& order, absl::Time deadline) = 0;
  virtual PspAnswer<PspRefundState> QueryRefund(const std::string& product, const Id& refund_id,
                                                absl::Time deadline) = 0;
  // Checks signature (over the raw bytes) and time, and reads it. UNAUTHENTICATED: wrong signature or time;
  // INVALID_ARGUMENT: anything else.
  virtual absl::StatusOr<PspNotice> ParseCallback(const CallbackRequest& request, absl::Time now) = 0;
};

// PSPs by the name that profiles use.
using Psps = std::map<std::string, std::unique_ptr<Psp>>;

}  // namespace trivium::payment
