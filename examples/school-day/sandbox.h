// The sandbox PSP from the payer's side, by its control API (services/payment/psp/sandbox/README.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/school-day/plan.h"
#include "examples/school-day/views.h"

namespace trivium::schoolday {

struct PayCall {
  std::string pay_url;
  std::string outcome = "success";  // success, decline, none (just opens the page).
  int64_t paid_minor = 0;           // 0: what the page asks for.
  bool force_late = false;          // The payment was on its way when the trade was closed.
  Misbehaviour misbehaviour;
};

struct PspTotals {
  int64_t paid_minor = 0, refunded_minor = 0, refunding_minor = 0;
};

// Thread-safe. An unanswered call is repeated for `patience`: a trade is paid once, however often that is asked for.
class Sandbox {
 public:
  Sandbox(std::string url, absl::Duration patience);
  ~Sandbox();

  // FAILED_PRECONDITION when the trade is closed, declined or paid already by somebody else.
  absl::Status Pay(const PayCall& call);
  // Slow and lost answers for everybody; merchants' refunds take a while. calm: ends all of it.
  absl::Status SetFaults(bool calm, uint64_t seed);
  // The merchant's trades of these numbers.
  absl::StatusOr<std::map<std::string, TradeView>> Trades(const std::string& merchant,
                                                          const std::set<std::string>& out_trade_nos);
  absl::StatusOr<PspTotals> Totals(const std::string& merchant, const std::string& currency);

  // The parameter `merchant` of a pay URL, or "".
  static std::string MerchantOf(const std::string& pay_url);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::schoolday
