// The sandbox's state and rules, without threads, files, network or clock: what was bought, paid, closed and refunded,
// and which callbacks are due. Time is a parameter. Every change is told as a journal line. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "services/payment/psp/sandbox/server/faults.h"
#include "services/payment/psp/sandbox/server/records.h"
#include "services/payment/psp/sandbox/server/refusal.h"

namespace trivium::payment::sandbox {

struct RefundOrder {
  std::string merchant, out_refund_no, out_trade_no, reason;
  int64_t amount_minor = 0;
};

class Book {
 public:
  // id_prefix: makes ids of this run unlike those of any other. max_trades: further ones are refused with 429.
  explicit Book(std::string id_prefix, size_t max_trades = 2'000'000);
  ~Book();

  // The payer opens the pay URL: the trade exists, WAITING. 409 TRADE_MISMATCH when the number stands for another
  // order; 429.
  Refusal Open(const PayOrder& order, absl::Time now, const Trade** trade);
  // The payer pays or declines. 409 by the trade's state; see README.
  Refusal Pay(const PayOrder& order, const PayPlan& plan, absl::Time now, const Trade** trade);
  // As Open, but for POST /control/pay with outcome "none": the plan's query behaviour begins.
  Refusal OpenWithPlan(const PayOrder& order, const PayPlan& plan, absl::Time now, const Trade** trade);
  Refusal Close(std::string_view merchant, std::string_view out_trade_no, absl::Time now, const Trade** trade);
  Refusal CreateRefund(const RefundOrder& order, absl::Time now, const Refund** refund, const Trade** trade);

  // nullptr when there is none.
  const Trade* FindTrade(std::string_view merchant, std::string_view out_trade_no) const;
  const Refund* FindRefund(std::string_view merchant, std::string_view out_refund_no) const;
  // True while the trade's plan wants its queries to fail; counts down.
  bool TakeQueryFailure(std::string_view merchant, std::string_view out_trade_no);

  void SetFaults(const Faults& faults);
  const Faults& faults() const { return faults_; }

  // Settles what is due at now: trades and refunds.
  void Advance(absl::Time now);
  // When Advance has something to do next.
  absl::Time NextSettlement() const;

  // The callback that is due longest, taken out until FinishCallback; nothing when none is due at now.
  std::optional<Callback> TakeCallback(absl::Time now);
  absl::Time NextCallback() const;
  // taken: the merchant answered 200 or 204. Else it is due again after 1, 2, 4, ... s, at most 8 times in all.
  void FinishCallback(const std::string& key, bool taken, absl::Time now);
  size_t callbacks_pending() const { return callbacks_.size(); }

  // In order of creation, from index `from`, at most limit.
  std::vector<const Trade*> List(std::string_view merchant, size_t from, size_t limit) const;

  // The journal lines of all changes since the last call, oldest first.
  std::vector<std::string> TakeLines();
  // A line that an earlier run wrote. false when it makes no sense. Before anything else; FinishReplay after the last.
  bool Replay(std::string_view line);
  void FinishReplay();
  // Lines that give the same Book: what a journal can be shortened to.
  std::vector<std::string> Dump() const;

 private:
  Trade* Find(std::string_view merchant, std::string_view out_trade_no) const;
  Trade* Add(Trade trade);
  Refusal OpenTrade(const PayOrder& order, absl::Time now, Trade** trade);
  void SettleTrade(Trade& trade, absl::Time now);
  void SettleRefund(Refund& refund, Trade& trade, absl::Time now);
  void Emit(Callback callback, const Trade& trade, bool drop, absl::Time now);
  std::string NextId(std::string_view kind);
  void Put(Callback callback);
  void ReplayTrade(Trade trade);
  bool ReplayRefund(std::string_view merchant, Refund refund);
  void ReplayCallback(Callback callback);
  static std::string Key(std::string_view merchant, std::string_view number);

  struct Settlement {
    Trade* trade;
    Refund* refund;  // nullptr: the trade itself.
  };

  const std::string id_prefix_;
  const size_t max_trades_;
  uint64_t last_id_ = 0;
  Faults faults_;
  std::unordered_map<std::string, std::unique_ptr<Trade>> trades_;    // By "merchant/number".
  std::unordered_map<std::string, std::unique_ptr<Refund>> refunds_;  // By "merchant/number".
  std::map<std::string, std::vector<Trade*>, std::less<>> by_merchant_;
  std::multimap<absl::Time, Settlement> settlements_;
  std::unordered_map<std::string, Callback> callbacks_;          // By key; not done.
  std::map<std::pair<absl::Time, std::string>, Callback*> due_;  // Those that nobody has taken.
  std::vector<std::string> lines_;
};

}  // namespace trivium::payment::sandbox
