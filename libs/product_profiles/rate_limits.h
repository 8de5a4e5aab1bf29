// Limits per product whose rates come from profiles and may change with every use.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/ha/token_bucket.h"
#include "libs/sync/mutex.h"

namespace trivium {

// Token buckets by name, each with the rate of its last use; a second's worth may come at once. Names are products, so
// they are few. Thread-safe.
class RateLimits {
 public:
  // clock: not owned; outlives this.
  explicit RateLimits(Clock& clock) : clock_(clock) {}
  // rate: per second, at least 1. Zero: taken. Else how long to wait.
  absl::Duration Take(const std::string& name, int rate);

 private:
  struct Bucket {
    int rate = 0;
    std::shared_ptr<ha::TokenBucket> tokens;
  };

  Clock& clock_;
  Mutex mu_;
  std::map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mu_);
};

// Calls per second of each product. Thread-safe.
class ProductLimits {
 public:
  // calls_per_second: of a product; nullopt for one that has no profile and gets 50.
  using Rate = std::function<std::optional<int>(const std::string& product)>;
  ProductLimits(Rate calls_per_second, Clock& clock) : calls_per_second_(std::move(calls_per_second)), limits_(clock) {}
  // OK, or RESOURCE_EXHAUSTED RATE_LIMITED with the quota and the time to wait.
  absl::Status Admit(std::string_view product);

 private:
  const Rate calls_per_second_;
  RateLimits limits_;
};

}  // namespace trivium
