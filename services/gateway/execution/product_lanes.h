// What the calls of one product share: their number, their rate, their metrics.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/ha/token_bucket.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::gateway {

// Thread-safe.
class ProductLane {
 public:
  ProductLane(std::string product, int calls_per_second, Clock& clock, Metrics& metrics);  // References outlive it.

  // Takes one call of the product's rate (calls per second, of now). OK, or RESOURCE_EXHAUSTED RATE_LIMITED.
  absl::Status TakeRate(int calls_per_second);
  // Begins a call unless `most` are running; False then. Each true one is ended by Leave.
  bool Enter(int most);
  void Leave() { in_flight_.fetch_sub(1); }
  // A call of a command ("unknown": of none) has ended.
  void Count(std::string_view command, absl::StatusCode code, absl::Duration took);

 private:
  struct Series {
    Histogram* seconds = nullptr;
    std::array<Counter*, 17> by_code{};  // Filled as they come.
  };

  const std::string product_;
  Metrics& metrics_;
  std::atomic<int> in_flight_{0}, rate_;
  ha::TokenBucket bucket_;
  Mutex mu_;
  absl::flat_hash_map<std::string, Series> series_ ABSL_GUARDED_BY(mu_);  // By command: those of the table.
};

// Thread-safe. A lane for each product ever asked for: only for products that are configured.
class ProductLanes {
 public:
  ProductLanes(Clock& clock, Metrics& metrics) : clock_(clock), metrics_(metrics) {}
  // calls_per_second: what a new lane begins with.
  std::shared_ptr<ProductLane> Get(std::string_view product, int calls_per_second);

 private:
  Clock& clock_;
  Metrics& metrics_;
  Mutex mu_;
  absl::flat_hash_map<std::string, std::shared_ptr<ProductLane>> lanes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::gateway
