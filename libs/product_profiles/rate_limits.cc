#include "libs/product_profiles/rate_limits.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"

namespace trivium {
namespace {

constexpr int kUnknownProductRate = 50;

}  // namespace

absl::Duration RateLimits::Take(const std::string& name, int rate) {
  std::shared_ptr<ha::TokenBucket> tokens;
  {
    MutexLock lock(mu_);
    Bucket& bucket = buckets_[name];
    if (bucket.tokens == nullptr) bucket.tokens = std::make_shared<ha::TokenBucket>(rate, rate, clock_);
    if (bucket.rate != rate && bucket.rate != 0) bucket.tokens->SetRate(rate, rate);
    bucket.rate = rate;
    tokens = bucket.tokens;
  }
  return tokens->Take();
}

absl::Status ProductLimits::Admit(std::string_view product_view) {
  const std::string product(product_view);
  const int rate = calls_per_second_(product).value_or(kUnknownProductRate);
  const absl::Duration wait = limits_.Take(product, rate);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
               absl::StrCat("calls: over ", rate, " per second of this product, want fewer"))
      .With("calls_per_second", rate)
      .Quota(absl::StrCat("product:", product), absl::StrCat(rate, " calls per second"))
      .RetryAfter(wait);
}

}  // namespace trivium
