#include "libs/ha/retry_budget.h"

#include <algorithm>

namespace trivium::ha {

RetryBudget::RetryBudget(double max_tokens, double ratio) : max_(max_tokens), ratio_(ratio), tokens_(max_tokens) {}

void RetryBudget::Succeeded() {
  MutexLock lock(mu_);
  tokens_ = std::min(max_, tokens_ + ratio_);
}

void RetryBudget::Failed() {
  MutexLock lock(mu_);
  tokens_ = std::max(0.0, tokens_ - 1);
}

bool RetryBudget::MayRetry() const {
  MutexLock lock(mu_);
  return tokens_ > max_ / 2;
}

}  // namespace trivium::ha
