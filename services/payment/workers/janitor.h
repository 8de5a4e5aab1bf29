// What payment does by itself. Each step takes a bounded batch of what is due; several instances never get the same
// object at once (claims in the store). A worker that dies in the middle leaves its claims to expire.
#pragma once

#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"
#include "services/payment/metrics.h"
#include "services/payment/resolver.h"
#include "services/payment/store/store.h"

namespace trivium {
class WorkerPool;
}

namespace trivium::payment {

struct WorkerOptions {
  int batch = 50;                                 // Objects a step, 1-1000.
  absl::Duration claim_for = absl::Seconds(30);   // Longer than a step's calls to a PSP take.
  absl::Duration psp_timeout = absl::Seconds(5);  // For one object.
  absl::Duration keep_callbacks = absl::Hours(24 * 30);
  int purge_batch = 1000;
  size_t silent_max = 4;  // Silent objects that may wait; with what one step of theirs takes, less than claim_for.
};

// Where the objects of a batch are handled side by side, since a PSP may be slow. May be the same one.
struct WorkerPools {
  WorkerPool& payments;
  WorkerPool& refunds;
  WorkerPool&
      silent;  // Of what a PSP is silent about: few threads, since most of its questions run into their time-outs.
};

// Thread-safe. All references outlive it.
class Janitor {
 public:
  Janitor(WorkerOptions options, Store& store, Resolver& resolver, WorkerPools pools, Clock& clock,
          PaymentMetrics& metrics)
      : options_(options), store_(store), resolver_(resolver), pools_(pools), clock_(clock), metrics_(metrics) {}

  // Asks the PSP about open payments that are silent or unknown, and ends those whose time is over. true: there may be
  // more.
  bool FollowPayments();
  // Sends refunds, and asks about those that are open.
  bool FollowRefunds();
  // Does the same for those that a PSP is silent about, which the other two put aside: they hold nobody up.
  bool FollowSilent();
  // Deletes what is kept no longer.
  bool Purge();
  // Sets the gauges.
  bool Count();

 private:
  using Task = std::function<absl::StatusOr<Verdict>()>;
  // Runs the tasks on the pool, waits for all of them, counts their outcomes.
  void RunAll(const char* worker, WorkerPool& pool, std::vector<Task> tasks);
  // For FollowSilent. With too many waiting the claim runs out and the object is claimed again.
  void PutAside(Task task);
  absl::StatusOr<Verdict> Follow(const Payment& payment);

  const WorkerOptions options_;
  Store& store_;
  Resolver& resolver_;
  const WorkerPools pools_;
  Clock& clock_;
  PaymentMetrics& metrics_;
  Mutex mu_;
  std::vector<Task> silent_ ABSL_GUARDED_BY(mu_);  // At most options_.silent_max.
};

}  // namespace trivium::payment
