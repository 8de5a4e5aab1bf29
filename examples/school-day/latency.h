// How long calls took, by API.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

struct LatencySummary {
  int64_t calls = 0;    // Answered calls, refusals included.
  int64_t retries = 0;  // Tries that were not answered, or answered "later".
  double p50_ms = 0, p99_ms = 0;
};

// The value at quantile q (0-1) of unsorted values, by the nearest rank; 0 of none.
double Quantile(std::vector<float> values, double q);

// Thread-safe.
class Latencies {
 public:
  void Answered(const std::string& api, absl::Duration took);
  void Retried(const std::string& api);
  std::map<std::string, LatencySummary> Summary() const;

 private:
  struct Samples {
    std::vector<float> ms;
    int64_t retries = 0;
  };
  mutable Mutex mu_;
  std::map<std::string, Samples> samples_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::schoolday
