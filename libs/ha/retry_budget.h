// Retry budget (gRFC A6 token bucket): each failure takes one token, each success gives `ratio` back; a retry is
// allowed while more than half are left.
#pragma once

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"

namespace trivium::ha {

// Thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(double max_tokens = 10, double ratio = 0.1);
  void Succeeded();
  void Failed();
  bool MayRetry() const;

 private:
  const double max_, ratio_;
  mutable Mutex mu_;
  double tokens_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::ha
