// Circuit breaker by consecutive failures: with two or three hosts statistics mean nothing (DESIGN.md section 7).
// Closed -> open after `failures` of calls that began after the last success: when calls run side by side, a slow one
// that fails after others have succeeded says nothing new. After `open_for`, doubled with every reopening up to
// max_open_for, one probe is let through; its outcome closes or reopens. A call whose failure says nothing about the
// host counts for neither.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"

namespace trivium::ha {

struct CircuitBreakerOptions {
  int failures = 5;
  absl::Duration open_for = absl::Milliseconds(500);
  absl::Duration max_open_for = absl::Seconds(30);
};

// Thread-safe.
class CircuitBreaker {
 public:
  CircuitBreaker(CircuitBreakerOptions options, Clock& clock);
  // Whether a call may be made now; a true must be followed by Succeeded, Failed or Undecided.
  bool Allow();
  void Succeeded();
  // started: when the call began, by Clock::Monotonic.
  void Failed(absl::Duration started);
  // Neither: a probe that ends so is repeated after the same time.
  void Undecided();
  bool open() const;

 private:
  const CircuitBreakerOptions options_;
  Clock& clock_;
  mutable Mutex mu_;
  int failures_ ABSL_GUARDED_BY(mu_) = 0;  // Of calls that began at succeeded_at_ or later.
  absl::Duration succeeded_at_ ABSL_GUARDED_BY(mu_);
  bool open_ ABSL_GUARDED_BY(mu_) = false, probing_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration open_for_ ABSL_GUARDED_BY(mu_);
  absl::Duration opened_at_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::ha
