// What payment does by itself. A bounded number of objects is in hand at once, and a slow one holds no other up;
// several instances never get the same object at once (claims in the store). A worker that dies in the middle leaves
// its claims to expire.
#pragma once

#include <functional>
#include <string>

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
  int silent_batch = 64;                          // The same of those that a PSP is silent about.
  absl::Duration claim_for = absl::Seconds(30);   // Longer than a step's calls to a PSP take.
  absl::Duration psp_timeout = absl::Seconds(5);  // For one object.
  absl::Duration keep_callbacks = absl::Hours(24 * 30);
  int purge_batch = 1000;
};

// Where objects are handled side by side, since a PSP may be slow. May be the same one.
struct WorkerPools {
  WorkerPool& payments;
  WorkerPool& refunds;
  // Of what a PSP is silent about: most of these questions run into their time-outs, and must hold nobody else up.
  WorkerPool& silent_payments;
  WorkerPool& silent_refunds;
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
  // The same for what a PSP is silent about, no more at once than there are places for it.
  bool FollowSilentPayments();
  bool FollowSilentRefunds();
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
    int places;
    bool silent = false;
    int in_flight = 0;  // Guarded by mu_.
  };
  // Waits until at least half of the places are free, and returns how many are.
  int AwaitRoom(const Lane& lane);
  // due: since when it has waited for this.
  void Start(Lane& lane, const std::string& product, absl::Time due, Task task);
  bool FollowPayments(Lane& lane);
  bool FollowRefunds(Lane& lane);
  absl::StatusOr<Verdict> Follow(const Payment& payment);

  const WorkerOptions options_;
  Store& store_;
  Resolver& resolver_;
  Clock& clock_;
  PaymentMetrics& metrics_;
  Mutex mu_;
  CondVar ended_;  // One that was in hand.
  Lane payments_, refunds_, silent_payments_, silent_refunds_;
};

}  // namespace trivium::payment
