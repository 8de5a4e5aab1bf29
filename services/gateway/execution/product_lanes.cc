#include "services/gateway/execution/product_lanes.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr Metric kCalls{"trivium_gateway_calls_total",
                        "Calls answered, by product (none: not known), command (unknown: not in the table) and code.",
                        {"product", "command", "code"}};
constexpr Metric kSeconds{"trivium_gateway_call_seconds",
                          "Time from a call's arrival at the executor to its answer, seconds.",
                          {"product", "command"}};

}  // namespace

ProductLane::ProductLane(std::string product, int calls_per_second, Clock& clock, Metrics& metrics)
    : product_(std::move(product)),
      metrics_(metrics),
      rate_(calls_per_second),
      bucket_(calls_per_second, calls_per_second, clock) {}

absl::Status ProductLane::TakeRate(int calls_per_second) {
  if (rate_.exchange(calls_per_second) != calls_per_second) bucket_.SetRate(calls_per_second, calls_per_second);
  const absl::Duration wait = bucket_.Take();
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
               absl::StrCat("calls: over ", calls_per_second, " per second of this product, want fewer"))
      .With("scope", "product")
      .With("calls_per_second", calls_per_second)
      .Quota(absl::StrCat("product:", product_), absl::StrCat(calls_per_second, " calls per second"))
      .RetryAfter(wait);
}

bool ProductLane::Enter(int most) {
  if (in_flight_.fetch_add(1) < most) return true;
  Leave();
  return false;
}

void ProductLane::Count(std::string_view command, absl::StatusCode code, absl::Duration took) {
  Histogram* seconds = nullptr;
  Counter* calls = nullptr;
  {
    MutexLock lock(mu_);
    Series& series = series_[ToAbsl(command)];
    if (series.seconds == nullptr) series.seconds = &metrics_.GetHistogram(kSeconds, {product_, std::string(command)});
    Counter*& counter = series.by_code[static_cast<size_t>(code) % series.by_code.size()];
    if (counter == nullptr)
      counter = &metrics_.GetCounter(kCalls, {product_, std::string(command), absl::StatusCodeToString(code)});
    seconds = series.seconds;
    calls = counter;
  }
  calls->Add();
  seconds->Observe(absl::ToDoubleSeconds(took));
}

std::shared_ptr<ProductLane> ProductLanes::Get(std::string_view product, int calls_per_second) {
  MutexLock lock(mu_);
  std::shared_ptr<ProductLane>& lane = lanes_[ToAbsl(product)];
  if (lane == nullptr) lane = std::make_shared<ProductLane>(std::string(product), calls_per_second, clock_, metrics_);
  return lane;
}

}  // namespace trivium::gateway
