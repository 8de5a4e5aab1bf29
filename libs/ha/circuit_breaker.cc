#include "libs/ha/circuit_breaker.h"

#include <algorithm>

namespace trivium::ha {

CircuitBreaker::CircuitBreaker(CircuitBreakerOptions options, Clock& clock)
    : options_(options),
      clock_(clock),
      open_for_(options.open_for),
      waits_since_(-absl::InfiniteDuration()),
      doubted_at_(-absl::InfiniteDuration()) {}

std::optional<CircuitBreaker::Call> CircuitBreaker::Allow(bool doubtful) {
  MutexLock lock(mu_);
  if (open_) {
    const absl::Duration now = clock_.Monotonic();
    // A probe whose outcome never comes must not keep the breaker open for ever: after another open_for_ the next one
    // may go.
    if (doubtful && now - std::max(waits_since_, doubted_at_) < 2 * open_for_) return std::nullopt;
    if (!doubtful && now - waits_since_ < open_for_) return std::nullopt;
    (doubtful ? doubted_at_ : waits_since_) = now;
  }
  return ++last_;
}

void CircuitBreaker::Succeeded(Call call) {
  MutexLock lock(mu_);
  // A late answer to a call from before the opening says nothing about now: only a probe closes.
  if (open_ && call <= opened_after_) return;
  open_ = false;
  open_for_ = options_.open_for;
  failures_ = 0;
  judged_ = last_;
}

void CircuitBreaker::Failed(Call call) {
  MutexLock lock(mu_);
  if (call <= judged_) return;
  if (open_) {
    open_for_ = std::min(open_for_ * 2, options_.max_open_for);
  } else {
    if (++failures_ < options_.failures) return;
    open_ = true;
    opened_after_ = last_;
  }
  judged_ = last_;
  waits_since_ = clock_.Monotonic();
}

void CircuitBreaker::Undecided(Call call) {
  MutexLock lock(mu_);
  if (!open_ || call <= judged_) return;
  judged_ = last_;
  waits_since_ = clock_.Monotonic();
}

bool CircuitBreaker::open() const {
  MutexLock lock(mu_);
  return open_;
}

}  // namespace trivium::ha
