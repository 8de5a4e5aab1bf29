// Every call of a drill: when, how long, what came of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"

namespace trivium::drills {

struct CallWindow {
  int64_t calls = 0, failed = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;  // Of those that succeeded.
};

struct FailedCall {
  absl::Time begin;
  std::string kind, error;
};

// Thread-safe. Grows with the calls: a drill makes some hundreds a second, for minutes.
class CallLog {
 public:
  // A call of this kind ("payment.create") has ended now.
  void Add(std::string_view kind, absl::Time begin, const absl::Status& status);
  void Add(std::string_view kind, absl::Time begin, absl::Time end, const absl::Status& status);
  // The calls whose kind begins with `prefix` and that were under way within [from, to).
  CallWindow Within(std::string_view prefix, absl::Time from, absl::Time to) const;
  // All of a kind, by kind.
  std::map<std::string, CallWindow> ByKind() const;
  // The first ones.
  std::vector<FailedCall> Failures() const;

 private:
  struct Call {
    absl::Time begin;
    float ms;
    bool ok;
  };
  mutable Mutex mu_;
  std::map<std::string, std::vector<Call>, std::less<>> calls_ ABSL_GUARDED_BY(mu_);
  std::vector<FailedCall> failures_ ABSL_GUARDED_BY(mu_);  // At most kFailuresMax.
};

inline constexpr size_t kFailuresMax = 20;

}  // namespace trivium::drills
