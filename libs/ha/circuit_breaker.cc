#include "libs/ha/circuit_breaker.h"

#include <algorithm>

namespace trivium::ha {

CircuitBreaker::CircuitBreaker(CircuitBreakerOptions options, Clock& clock)
    : options_(options),
      clock_(clock),
      succeeded_at_(-absl::InfiniteDuration()),
      open_for_(options.open_for),
      opened_at_(-absl::InfiniteDuration()) {}

bool CircuitBreaker::Allow() {
  MutexLock lock(mu_);
  if (!open_) return true;
  const absl::Duration now = clock_.Monotonic();
  // A probe whose outcome never comes must not keep the breaker open for ever: after another open_for_ the next one may
  // go.
  if (now - opened_at_ < open_for_) return false;
  probing_ = true;
  opened_at_ = now;
  return true;
}

void CircuitBreaker::Succeeded() {
  MutexLock lock(mu_);
  failures_ = 0;
  succeeded_at_ = clock_.Monotonic();
  // A late answer to a call from before the opening says nothing about now: only the probe closes.
  if (!open_ || !probing_) return;
  open_ = probing_ = false;
  open_for_ = options_.open_for;
}

void CircuitBreaker::Failed(absl::Duration started) {
  MutexLock lock(mu_);
  if (open_) {
    if (!probing_) return;
    probing_ = false;
    open_for_ = std::min(open_for_ * 2, options_.max_open_for);
    opened_at_ = clock_.Monotonic();
    return;
  }
  if (started < succeeded_at_ || ++failures_ < options_.failures) return;
  open_ = true;
  probing_ = false;
  opened_at_ = clock_.Monotonic();
}

void CircuitBreaker::Undecided() {
  MutexLock lock(mu_);
  if (!open_ || !probing_) return;
  probing_ = false;
  opened_at_ = clock_.Monotonic();
}

bool CircuitBreaker::open() const {
  MutexLock lock(mu_);
  return open_;
}

}  // namespace trivium::ha
