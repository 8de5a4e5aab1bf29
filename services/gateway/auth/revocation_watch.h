// Looks at the file of revoked tokens again and again.
#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/jwt/verifier.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::gateway {

// A thread from construction to destruction. A file that cannot be used leaves the last good list in use, with a line
// in the log and a metric.
class RevocationWatch {
 public:
  // Both outlive it.
  RevocationWatch(jwt::Verifier& verifier, absl::Duration interval, Metrics& metrics);
  ~RevocationWatch();

 private:
  void Run();

  jwt::Verifier& verifier_;
  const absl::Duration interval_;
  Counter& failures_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace trivium::gateway
