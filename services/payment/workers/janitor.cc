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

void Janitor::RunAll(const char* worker, WorkerPool& pool,
                     std::vector<std::function<absl::StatusOr<Verdict>()>> tasks) {
  Latch latch(tasks.size());
  for (std::function<absl::StatusOr<Verdict>()>& task : tasks) {
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

bool Janitor::FollowPayments() {
  const absl::Time now = clock_.Now();
  const absl::StatusOr<std::vector<Payment>> due =
      store_.ClaimDuePayments(now, options_.claim_for, options_.batch, now + kStoreTimeout);
  if (!due.ok()) {
    TRIVIUM_LOG(kWarning, "due payments could not be read", {"error", due.status()});
    return false;
  }
  std::vector<std::function<absl::StatusOr<Verdict>()>> tasks;
  for (const Payment& payment : *due) {
    tasks.push_back([this, &payment] {
      const absl::Time started = clock_.Now();
      const absl::Time deadline = started + options_.psp_timeout;
      return payment.expire_time <= started ? resolver_.Expire(payment, deadline) : resolver_.Ask(payment, deadline);
    });
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
  std::vector<std::function<absl::StatusOr<Verdict>()>> tasks;
  for (const Refund& refund : *due) {
    tasks.push_back([this, &refund] { return resolver_.Advance(refund, clock_.Now() + options_.psp_timeout); });
  }
  RunAll("refund_sender", pools_.refunds, std::move(tasks));
  return due->size() == static_cast<size_t>(options_.batch);
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
