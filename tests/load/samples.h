// What a phase measured.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"

namespace trivium::load {

struct PhaseResult {
  std::string name;  // "create", "life_cycle".
  int concurrency = 0;
  int64_t done = 0;  // Calls, or whole life cycles, that ended well within the phase.
  double seconds = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;
  double server_cpu_ms_each = -1;  // Payment's CPU time for each; negative: not known.
  double client_cpu_ms_each = 0;
  std::map<std::string, int64_t> errors;  // By reason or code.

  double PerSecond() const { return seconds > 0 ? static_cast<double>(done) / seconds : 0; }
};

// Gathers what many callers measure. Thread-safe.
class Samples {
 public:
  void Done(absl::Duration took);
  void Failed(const std::string& reason);
  // Fills in done, the quantiles and errors.
  void Into(PhaseResult& result) const;

 private:
  mutable Mutex mu_;
  std::vector<float> ms_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, int64_t> errors_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::load
