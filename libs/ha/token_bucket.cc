#include "libs/ha/token_bucket.h"

#include <algorithm>

namespace trivium::ha {

TokenBucket::TokenBucket(double rate, double burst, Clock& clock)
    : clock_(clock), rate_(rate), burst_(burst), tokens_(burst), at_(clock.Monotonic()) {}

absl::Duration TokenBucket::Take() {
  MutexLock lock(mu_);
  Refill();
  // A shade under one counts as one: sums of doubles fall short by rounding.
  if (tokens_ >= 1 - 1e-9) {
    tokens_ = std::max(0.0, tokens_ - 1);
    return absl::ZeroDuration();
  }
  if (rate_ <= 0 || burst_ < 1) return absl::InfiniteDuration();
  return std::max(absl::Seconds((1 - tokens_) / rate_), absl::Nanoseconds(1));
}

void TokenBucket::SetRate(double rate, double burst) {
  MutexLock lock(mu_);
  Refill();
  rate_ = rate;
  burst_ = burst;
  tokens_ = std::min(tokens_, burst_);
}

void TokenBucket::Refill() {
  const absl::Duration now = clock_.Monotonic();
  tokens_ = std::min(burst_, tokens_ + rate_ * absl::ToDoubleSeconds(now - at_));
  at_ = now;
}

}  // namespace trivium::ha
