#include "services/payment/metrics.h"

#include <algorithm>
#include <vector>

#include "libs/telemetry/metrics.h"

namespace trivium::payment {
namespace {

constexpr Metric kChanges{
    "trivium_payment_changes_total", "Changes of payments, by the state after.", {"product", "state"}};
constexpr Metric kRefundChanges{
    "trivium_payment_refund_changes_total", "Changes of refunds, by the state after.", {"product", "state"}};
constexpr Metric kLate{"trivium_payment_late_total", "Payments whose money came after their end.", {"product"}};
constexpr Metric kContradictions{"trivium_payment_contradictions_total",
                                 "Things heard from PSPs that contradict what is known and changed nothing.",
                                 {"product"}};
constexpr Metric kCallbacks{
    "trivium_payment_callbacks_total", "Callbacks of PSPs, by what became of them.", {"psp", "outcome"}};
constexpr Metric kWorked{
    "trivium_payment_worker_items_total", "Objects that a worker handled, by outcome.", {"worker", "outcome"}};
constexpr Metric kWait{
    "trivium_payment_worker_wait_seconds", "How long objects that were due waited for a worker, seconds.", {"worker"}};
constexpr Metric kUnknown{
    "trivium_payment_unknown", "Payments and refunds whose outcome at the PSP is unknown now.", {"product"}};
constexpr Metric kUnknownAge{
    "trivium_payment_unknown_oldest_seconds", "Age of the oldest unknown outcome, seconds; 0: none.", {"product"}};
constexpr Metric kRefundsOpen{"trivium_payment_refunds_open", "Refunds that are not final now.", {"product"}};
constexpr Metric kWatchers{"trivium_payment_event_watchers", "Open WatchEvents streams."};
constexpr Metric kFullWatchers{"trivium_payment_event_watchers_full",
                               "WatchEvents streams whose reader is slow: their queue of 64 events is full."};

// Up to the minutes that what is silent may wait when there is much of it.
const std::vector<double> kWaitBuckets = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640};

std::string Name(PaymentState state) { return std::string(StateName(state)); }
std::string Name(RefundState state) { return std::string(StateName(state)); }

}  // namespace

void PaymentMetrics::Created(const Payment& payment) {
  metrics_.GetCounter(kChanges, {payment.product, Name(payment.state)}).Add();
}

void PaymentMetrics::Created(const Refund& refund) {
  metrics_.GetCounter(kRefundChanges, {refund.product, Name(refund.state)}).Add();
}

void PaymentMetrics::Heard(const PaymentResult& result) {
  const Payment& payment = result.payment;
  if (result.verdict == Verdict::kIllegal) metrics_.GetCounter(kContradictions, {payment.product}).Add();
  if (result.verdict != Verdict::kChanged) return;
  metrics_.GetCounter(kChanges, {payment.product, Name(payment.state)}).Add();
  if (payment.late) metrics_.GetCounter(kLate, {payment.product}).Add();
}

void PaymentMetrics::Heard(const RefundResult& result) {
  const Refund& refund = result.refund;
  if (result.verdict == Verdict::kIllegal) metrics_.GetCounter(kContradictions, {refund.product}).Add();
  if (result.verdict != Verdict::kChanged) return;
  metrics_.GetCounter(kRefundChanges, {refund.product, Name(refund.state)}).Add();
}

void PaymentMetrics::Callback(const std::string& psp, const std::string& outcome) {
  metrics_.GetCounter(kCallbacks, {psp, outcome}).Add();
}

void PaymentMetrics::Worked(const std::string& worker, const std::string& outcome) {
  metrics_.GetCounter(kWorked, {worker, outcome}).Add();
}

void PaymentMetrics::Waited(const std::string& worker, absl::Duration wait) {
  metrics_.GetHistogram(kWait, {worker}, kWaitBuckets).Observe(std::max(0.0, absl::ToDoubleSeconds(wait)));
}

void PaymentMetrics::Open(const std::map<std::string, OpenWork>& work, absl::Time now) {
  MutexLock lock(mu_);
  for (const auto& [product, open] : work) counted_.insert(product);
  for (const std::string& product : counted_) {
    const auto it = work.find(product);
    const OpenWork open = it == work.end() ? OpenWork() : it->second;
    const bool none = open.oldest_unknown == absl::InfiniteFuture();
    const double age = none ? 0 : std::max(0.0, absl::ToDoubleSeconds(now - open.oldest_unknown));
    metrics_.GetGauge(kUnknown, {product}).Set(static_cast<double>(open.unknown_payments + open.unknown_refunds));
    metrics_.GetGauge(kUnknownAge, {product}).Set(age);
    metrics_.GetGauge(kRefundsOpen, {product}).Set(static_cast<double>(open.open_refunds));
  }
}

void PaymentMetrics::Watchers(int count) { metrics_.GetGauge(kWatchers).Set(count); }
void PaymentMetrics::FullWatchers(int count) { metrics_.GetGauge(kFullWatchers).Set(count); }

}  // namespace trivium::payment
