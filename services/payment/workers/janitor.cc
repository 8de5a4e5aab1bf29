#include "services/payment/workers/janitor.h"

#include <memory>
#include <utility>
#include <vector>

#include "libs/log/log.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/trace.h"

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
      payments_{.worker = "janitor", .pool = pools.payments, .places = options.batch},
      refunds_{.worker = "refund_sender", .pool = pools.refunds, .places = options.batch},
      silent_payments_{
          .worker = "silent_payments", .pool = pools.silent_payments, .places = options.silent_batch, .silent = true},
      silent_refunds_{
          .worker = "silent_refunds", .pool = pools.silent_refunds, .places = options.silent_batch, .silent = true} {}

Janitor::~Janitor() { Drain(); }

void Janitor::Drain() {
  MutexLock lock(mu_);
  for (const Lane* lane : {&payments_, &refunds_, &silent_payments_, &silent_refunds_})
    while (lane->in_flight > 0) ended_.Wait(mu_);
}

int Janitor::AwaitRoom(const Lane& lane) {
  MutexLock lock(mu_);
  while (lane.in_flight > lane.places / 2) ended_.Wait(mu_);
  return lane.places - lane.in_flight;
}

void Janitor::Start(Lane& lane, const std::string& product, absl::Time due, Task task) {
  {
    MutexLock lock(mu_);
    ++lane.in_flight;
  }
  auto run = [this, &lane, product, due, task = std::move(task)] {
    const ScopedTrace trace(TraceContext::NewRoot(), product);
    metrics_.Waited(lane.worker, clock_.Now() - due);
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

bool Janitor::FollowPayments() { return FollowPayments(payments_); }
bool Janitor::FollowRefunds() { return FollowRefunds(refunds_); }
bool Janitor::FollowSilentPayments() { return FollowPayments(silent_payments_); }
bool Janitor::FollowSilentRefunds() { return FollowRefunds(silent_refunds_); }

absl::StatusOr<Verdict> Janitor::Follow(const Payment& payment) {
  const absl::Time started = clock_.Now();
  const absl::Time deadline = started + options_.psp_timeout;
  return payment.expire_time <= started ? resolver_.Expire(payment, deadline) : resolver_.Ask(payment, deadline);
}

bool Janitor::FollowPayments(Lane& lane) {
  const int room = AwaitRoom(lane);
  const absl::Time now = clock_.Now();
  absl::StatusOr<std::vector<Payment>> due =
      store_.ClaimDuePayments({now, options_.claim_for, room, lane.silent}, now + kStoreTimeout);
  if (!due.ok()) {
    TRIVIUM_LOG(kWarning, "due payments could not be read", {"error", due.status()});
    return false;
  }
  for (const Payment& payment : *due) {
    Start(lane, payment.product, payment.due_time, [this, payment] { return Follow(payment); });
  }
  return due->size() == static_cast<size_t>(room);
}

bool Janitor::FollowRefunds(Lane& lane) {
  const int room = AwaitRoom(lane);
  const absl::Time now = clock_.Now();
  absl::StatusOr<std::vector<Refund>> due =
      store_.ClaimDueRefunds({now, options_.claim_for, room, lane.silent}, now + kStoreTimeout);
  if (!due.ok()) {
    TRIVIUM_LOG(kWarning, "due refunds could not be read", {"error", due.status()});
    return false;
  }
  for (const Refund& refund : *due) {
    Start(lane, refund.product, refund.due_time,
          [this, refund] { return resolver_.Advance(refund, clock_.Now() + options_.psp_timeout); });
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
