// Folds a product's event stream into the states that it tells, and notices what a stream must never do.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "examples/school-day/views.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// Thread-safe.
class EventFold {
 public:
  EventFold(std::string product, std::string run_id) : product_(std::move(product)), run_id_(std::move(run_id)) {}

  // One event, in the order of the stream. Of other days only the product is checked.
  void Apply(const std::string& event_id, const std::string& product, const PaymentView& payment, int64_t time_ms);
  void Apply(const std::string& event_id, const std::string& product, const RefundView& refund);

  std::map<std::string, PaymentView> payments() const;
  std::map<std::string, RefundView> refunds() const;
  std::vector<std::string> complaints() const;
  // Nothing when there is none.
  bool Find(const std::string& payment_id, PaymentView* payment) const;
  // Whether a payment of the order has succeeded, and not all of it has gone back.
  bool HasPaid(const std::string& order_ref) const;
  // Of the last time that it had the order's money, also of money that went back at once.
  MoneyTimes TimesOf(const std::string& order_ref) const;
  std::map<std::string, MoneyTimes> money_times() const;
  size_t events() const;

 private:
  bool Accept(const std::string& event_id, const std::string& product) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void KeepMoney(const PaymentView& payment, int64_t time_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckVersion(const std::string& id, int64_t before, int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Complain(const std::string& sentence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string product_, run_id_;
  mutable Mutex mu_;
  std::map<std::string, PaymentView> payments_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, RefundView> refunds_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<std::string>> paid_ ABSL_GUARDED_BY(mu_);  // Payments by order.
  std::map<std::string, MoneyTimes> times_ ABSL_GUARDED_BY(mu_);            // By order.
  std::set<std::string> seen_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> complaints_ ABSL_GUARDED_BY(mu_);  // The first 20.
};

}  // namespace trivium::schoolday
