// Payments under the drill: created at a steady rate, each repeated at the end.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "tests/drills/call_log.h"
#include "tests/drills/flags.h"
#include "tests/drills/workers.h"
#include "tests/load/payment_api.h"

namespace trivium::drills {

// An acknowledged payment.
struct Acknowledged {
  std::string payment_id;
  absl::Time time;  // When its answer was here.
};

class Payments {
 public:
  static absl::StatusOr<std::unique_ptr<Payments>> Create(const DrillFlags& flags, const std::string& run_id,
                                                          CallLog& log);
  void Start();
  void Stop() { workers_.Stop(); }
  // By number. After Stop.
  std::map<int64_t, Acknowledged> acknowledged() const;

  // Repeats the request of the n-th payment, as a backend does that does not know what became of it: its id. A platform
  // that has lost the payment makes a new one, with another id.
  absl::StatusOr<std::string> Repeat(int64_t n);

 private:
  Payments(CallLog& log, std::unique_ptr<load::PaymentApi> api, int per_second)
      : log_(log), api_(std::move(api)), per_second_(per_second) {}

  CallLog& log_;  // Not owned; outlives this.
  const std::unique_ptr<load::PaymentApi> api_;
  const int per_second_;
  mutable Mutex mu_;
  std::map<int64_t, Acknowledged> acknowledged_ ABSL_GUARDED_BY(mu_);
  Workers workers_;  // Last: its threads use the rest.
};

}  // namespace trivium::drills
