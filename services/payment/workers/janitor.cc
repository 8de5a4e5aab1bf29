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

// Counts running tasks down.
class Latch {
 public:
  explicit Latch(size_t count) : count_(count) {}
  void Done() {
    MutexLock lock(mu_);
    if (--count_ == 0) zero_.NotifyAll();
  }
  void Wait() {
    MutexLock lock(mu_);
    while (count_ > 0) zero_.Wait(mu_);
  }

 private:
  Mutex mu_;
  CondVar zero_;
  size_t count_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

void Janitor::RunAll(const char* worker, WorkerPool& pool, std::vector<Task> tasks) {
  Latch latch(tasks.size());
  for (Task& task : tasks) {
    auto run = [this, worker, &latch, task = std::move(task)] {
      const absl::StatusOr<Verdict> verdict = task();
      if (!verdict.ok())
        TRIVIUM_LOG(kWarning, "a worker's step failed: it will be tried again", {"worker", worker},
                    {"error", verdict.status()});
      metrics_.Worked(worker, !verdict.ok() ? "failed" : *verdict == Verdict::kChanged ? "changed" : "same");
      latch.Done();
    };
    // A full pool: the work is done here.
    if (!pool.Submit(run)) run();
  }
  latch.Wait();
}

void Janitor::PutAside(Task task) {
  MutexLock lock(mu_);
  if (silent_.size() < options_.silent_max) return silent_.push_back(std::move(task));
  metrics_.Worked("silent", "deferred");
}

absl::StatusOr<Verdict> Janitor::Follow(const Payment& payment) {
  const absl::Time started = clock_.Now();
  const absl::Time deadline = started + options_.psp_timeout;
  return payment.expire_time <= started ? resolver_.Expire(payment, deadline) : resolver_.Ask(payment, deadline);
}

bool Janitor::FollowPayments() {
  const absl::Time now = clock_.Now();
  const absl::StatusOr<std::vector<Payment>> due =
      store_.ClaimDuePayments(now, options_.claim_for, options_.batch, now + kStoreTimeout);
  if (!due.ok()) {
    TRIVIUM_LOG(kWarning, "due payments could not be read", {"error", due.status()});
    return false;
  }
  std::vector<Task> tasks;
  for (const Payment& payment : *due) {
    if (resolver_.IsSilent(payment)) {
      PutAside([this, payment] { return Follow(payment); });
    } else {
      tasks.push_back([this, &payment] { return Follow(payment); });
    }
  }
  RunAll("janitor", pools_.payments, std::move(tasks));
  return due->size() == static_cast<size_t>(options_.batch);
}

bool Janitor::FollowRefunds() {
  const absl::Time now = clock_.Now();
  const absl::StatusOr<std::vector<Refund>> due =
      store_.ClaimDueRefunds(now, options_.claim_for, options_.batch, now + kStoreTimeout);
  if (!due.ok()) {
    TRIVIUM_LOG(kWarning, "due refunds could not be read", {"error", due.status()});
    return false;
  }
  const auto advance = [this](const Refund& refund) {
    return resolver_.Advance(refund, clock_.Now() + options_.psp_timeout);
  };
  std::vector<Task> tasks;
  for (const Refund& refund : *due) {
    if (resolver_.IsSilent(refund)) {
      PutAside([advance, refund] { return advance(refund); });
    } else {
      tasks.push_back([advance, &refund] { return advance(refund); });
    }
  }
  RunAll("refund_sender", pools_.refunds, std::move(tasks));
  return due->size() == static_cast<size_t>(options_.batch);
}

bool Janitor::FollowSilent() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mu_);
    tasks.swap(silent_);
  }
  RunAll("silent", pools_.silent, std::move(tasks));
  return false;
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
