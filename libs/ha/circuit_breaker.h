// Circuit breaker by consecutive failures: with two or three hosts statistics mean nothing (DESIGN.md section 7).
// Closed -> open after `failures` of calls that began after the last success: when calls run side by side, a slow one
// that fails after others have succeeded says nothing new. After `open_for`, doubled with every reopening up to
// max_open_for, one probe is let through; its outcome closes or reopens. Outcomes of calls from before the opening
// change nothing. A call whose failure says nothing about the host counts for neither.
#pragma once

#include <cstdint>
#include <optional>

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
  // Of a call that may be made, by the order in which they began.
  using Call = uint64_t;

  CircuitBreaker(CircuitBreakerOptions options, Clock& clock);
  // nullopt: no call may be made now. A call must be followed by Succeeded, Failed or Undecided.
  // doubtful: it will probably fail, however the host is. It is a probe only when no call has been one for 2 open_for,
  // holds no other probe back, and is followed by Succeeded or by nothing.
  std::optional<Call> Allow(bool doubtful = false);
  void Succeeded(Call call);
  void Failed(Call call);
  // Neither: a probe that ends so is repeated after the same time.
  void Undecided(Call call);
  bool open() const;

 private:
  const CircuitBreakerOptions options_;
  Clock& clock_;
  mutable Mutex mu_;
  Call last_ ABSL_GUARDED_BY(mu_) = 0;
  Call opened_after_ ABSL_GUARDED_BY(mu_) = 0;  // While open, later calls are probes.
  Call judged_ ABSL_GUARDED_BY(mu_) = 0;        // What has ended says all about calls up to this one, but a success.
  int failures_ ABSL_GUARDED_BY(mu_) = 0;       // Of calls after judged_, while closed.
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration open_for_ ABSL_GUARDED_BY(mu_);
  absl::Duration waits_since_ ABSL_GUARDED_BY(mu_);  // While open: from the opening, or a probe's begin or end.
  absl::Duration doubted_at_ ABSL_GUARDED_BY(mu_);   // The last doubtful probe.
};

}  // namespace trivium::ha
