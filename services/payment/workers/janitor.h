// What payment does by itself. A bounded number of objects is in hand at once, and a slow one holds no other up;
// several instances never get the same object at once (claims in the store). A worker that dies in the middle leaves
// its claims to expire.
#pragma once

#include <functional>

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
  int batch = 100;                                // Objects in hand, of payments and of refunds each: 1-1000.
  absl::Duration claim_for = absl::Seconds(30);   // Longer than a step's calls to a PSP take.
  absl::Duration psp_timeout = absl::Seconds(5);  // For one object.
  absl::Duration keep_callbacks = absl::Hours(24 * 30);
  int purge_batch = 1000;
  int silent_max = 4;  // Silent objects in hand; their questions, two for each thread, end before claim_for does.
};

// Where objects are handled side by side, since a PSP may be slow. May be the same one.
struct WorkerPools {
  WorkerPool& payments;
  WorkerPool& refunds;
  // Of what a PSP is silent about: few threads, since most of its questions run into their time-outs.
  WorkerPool& silent;
};

// Thread-safe. All references outlive it.
class Janitor {
 public:
  Janitor(WorkerOptions options, Store& store, Resolver& resolver, WorkerPools pools, Clock& clock,
          PaymentMetrics& metrics);
  // Waits for what is in hand.
  ~Janitor();

  // Begins to ask the PSP about open payments that are silent or unknown, and to end those whose time is over; waits
  // only while too many are in hand. true: there may be more.
  bool FollowPayments();
  // The same for refunds: sends them, and asks about those that are open.
  bool FollowRefunds();
  // Waits for what is in hand.
  void Drain();
  // Deletes what is kept no longer.
  bool Purge();
  // Sets the gauges.
  bool Count();

 private:
  using Task = std::function<absl::StatusOr<Verdict>()>;
  struct Lane {
    const char* worker;
    WorkerPool& pool;
    int in_flight = 0;  // Guarded by mu_.
  };
  // Waits until at least half of the places are free, and returns how many are.
  int AwaitRoom(const Lane& lane);
  // What a PSP is silent about goes to a lane of its own, so that it holds nobody up.
  void Start(Lane& lane, bool is_silent, Task task);
  void Start(Lane& lane, Task task);
  absl::StatusOr<Verdict> Follow(const Payment& payment);

  const WorkerOptions options_;
  Store& store_;
  Resolver& resolver_;
  Clock& clock_;
  PaymentMetrics& metrics_;
  Mutex mu_;
  CondVar ended_;  // One that was in hand.
  Lane payments_, refunds_, silent_;
};

}  // namespace trivium::payment
