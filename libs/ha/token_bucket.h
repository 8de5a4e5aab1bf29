// Token bucket: `rate` per second, bursts to `burst`.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"

namespace trivium::ha {

// Thread-safe.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst, Clock& clock);
  // Takes one; zero when it was there, else the time until it will be (infinite with a rate of 0 or a burst under 1).
  absl::Duration Take();
  // A new rate from now on.
  void SetRate(double rate, double burst);

 private:
  void Refill() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Clock& clock_;
  Mutex mu_;
  double rate_ ABSL_GUARDED_BY(mu_), burst_ ABSL_GUARDED_BY(mu_), tokens_ ABSL_GUARDED_BY(mu_);
  absl::Duration at_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::ha
