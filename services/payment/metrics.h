// Business metrics of payment. Rates only: amounts and counts that must be exact come from SQL (GetDailySummary).
#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "services/payment/domain/payment_rules.h"
#include "services/payment/store/store.h"

namespace trivium {
class Metrics;
}

namespace trivium::payment {

// Thread-safe.
class PaymentMetrics {
 public:
  explicit PaymentMetrics(Metrics& metrics) : metrics_(metrics) {}

  void Created(const Payment& payment);
  void Created(const Refund& refund);
  // What became of something that was heard about a payment or refund.
  void Heard(const PaymentResult& result);
  void Heard(const RefundResult& result);
  // outcome: "applied", "already", "contradicts", "replayed", "unmatched", "refused", "malformed", "failed".
  void Callback(const std::string& psp, const std::string& outcome);
  // worker: "janitor", "refund_sender", "silent_payments", "silent_refunds", "purger". outcome: "changed", "same",
  // "failed".
  void Worked(const std::string& worker, const std::string& outcome);
  // How long an object that was due waited for a worker.
  void Waited(const std::string& worker, absl::Duration wait);
  // Sets the gauges; products that were here before and are not any more have none.
  void Open(const std::map<std::string, OpenWork>& work, absl::Time now);
  void Watchers(int count);
  void FullWatchers(int count);

 private:
  Metrics& metrics_;  // Not owned.
  Mutex mu_;
  std::set<std::string> counted_ ABSL_GUARDED_BY(mu_);  // Products that have gauges.
};

}  // namespace trivium::payment
