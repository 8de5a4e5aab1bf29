// What payment does by itself. Each step takes a bounded batch of what is due; several instances never get the same
// object at once (claims in the store). A worker that dies in the middle leaves its claims to expire.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
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
};

// Where the objects of a batch are handled side by side, since a PSP may be slow. May be the same one.
struct WorkerPools {
  WorkerPool& payments;
  WorkerPool& refunds;
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
  // Deletes what is kept no longer.
  bool Purge();
  // Sets the gauges.
  bool Count();

 private:
  // Runs the tasks on the pool, waits for all of them, counts their outcomes.
  void RunAll(const char* worker, WorkerPool& pool, std::vector<std::function<absl::StatusOr<Verdict>()>> tasks);

  const WorkerOptions options_;
  Store& store_;
  Resolver& resolver_;
  const WorkerPools pools_;
  Clock& clock_;
  PaymentMetrics& metrics_;
};

}  // namespace trivium::payment
