#include "services/payment/workers/janitor.h"

#include <memory>
#include <utility>
#include <vector>

#include "libs/log/log.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"

namespace trivium::payment {
namespace {

constexpr absl::Duration kStoreTimeout = absl::Seconds(10);

}  // namespace

Janitor::Janitor(WorkerOptions options, Store& store, Resolver& resolver, WorkerPools pools, Clock& clock,
                 PaymentMetrics& metrics)
    : options_(options),
      store_(store),
      resolver_(resolver),
      clock_(clock),
      metrics_(metrics),
      payments_{.worker = "janitor", .pool = pools.payments},
      refunds_{.worker = "refund_sender", .pool = pools.refunds},
      silent_{.worker = "silent", .pool = pools.silent} {}

Janitor::~Janitor() { Drain(); }

void Janitor::Drain() {
  MutexLock lock(mu_);
  while (payments_.in_flight + refunds_.in_flight + silent_.in_flight > 0) ended_.Wait(mu_);
}

int Janitor::AwaitRoom(const Lane& lane) {
  MutexLock lock(mu_);
  while (lane.in_flight > options_.batch / 2) ended_.Wait(mu_);
  return options_.batch - lane.in_flight;
}

void Janitor::Start(Lane& lane, Task task) {
  {
    MutexLock lock(mu_);
    ++lane.in_flight;
  }
  auto run = [this, &lane, task = std::move(task)] {
    const absl::StatusOr<Verdict> verdict = task();
    if (!verdict.ok())
      TRIVIUM_LOG(kWarning, "a worker's step failed: it will be tried again", {"worker", lane.worker},
                  {"error", verdict.status()});
    metrics_.Worked(lane.worker, !verdict.ok() ? "failed" : *verdict == Verdict::kChanged ? "changed" : "same");
    MutexLock lock(mu_);
    --lane.in_flight;
    ended_.NotifyAll();
  };
  // A full pool: the work is done here.
  if (!lane.pool.Submit(run)) run();
}

void Janitor::Start(Lane& lane, bool is_silent, Task task) {
  if (!is_silent) return Start(lane, std::move(task));
  bool full;
  {
    MutexLock lock(mu_);
    full = silent_.in_flight >= options_.silent_max;
  }
  // Its claim runs out, and it is claimed again.
  if (full) return metrics_.Worked(silent_.worker, "deferred");
  Start(silent_, std::move(task));
}

absl::StatusOr<Verdict> Janitor::Follow(const Payment& payment) {
  const absl::Time started = clock_.Now();
  const absl::Time deadline = started + options_.psp_timeout;
  return payment.expire_time <= started ? resolver_.Expire(payment, deadline) : resolver_.Ask(payment, deadline);
}

bool Janitor::FollowPayments() {
  const int room = AwaitRoom(payments_);
  const absl::Time now = clock_.Now();
  absl::StatusOr<std::vector<Payment>> due =
      store_.ClaimDuePayments(now, options_.claim_for, room, now + kStoreTimeout);
  if (!due.ok()) {
    TRIVIUM_LOG(kWarning, "due payments could not be read", {"error", due.status()});
    return false;
  }
  for (Payment& payment : *due) {
    const bool is_silent = resolver_.IsSilent(payment);
    Start(payments_, is_silent, [this, payment = std::move(payment)] { return Follow(payment); });
  }
  return due->size() == static_cast<size_t>(room);
}

bool Janitor::FollowRefunds() {
  const int room = AwaitRoom(refunds_);
  const absl::Time now = clock_.Now();
  absl::StatusOr<std::vector<Refund>> due = store_.ClaimDueRefunds(now, options_.claim_for, room, now + kStoreTimeout);
  if (!due.ok()) {
    TRIVIUM_LOG(kWarning, "due refunds could not be read", {"error", due.status()});
    return false;
  }
  for (Refund& refund : *due) {
    const bool is_silent = resolver_.IsSilent(refund);
    Start(refunds_, is_silent, [this, refund = std::move(refund)] {
      return resolver_.Advance(refund, clock_.Now() + options_.psp_timeout);
    });
  }
  return due->size() == static_cast<size_t>(room);
}

bool Janitor::Purge() {
  const absl::Time now = clock_.Now();
  const absl::StatusOr<int64_t> purged =
      store_.PurgeCallbacks(now - options_.keep_callbacks, options_.purge_batch, now + kStoreTimeout);
  if (!purged.ok()) metrics_.Worked("purger", "failed");
  for (int64_t i = 0; purged.ok() && i < *purged; ++i) metrics_.Worked("purger", "changed");
  return purged.ok() && *purged == options_.purge_batch;
}

bool Janitor::Count() {
  const absl::Time now = clock_.Now();
  const absl::StatusOr<std::map<std::string, OpenWork>> work = store_.CountOpenWork(now + kStoreTimeout);
  if (work.ok()) metrics_.Open(*work, now);
  return false;
}

}  // namespace trivium::payment
