// What other threads ask a reactor to do.
#pragma once

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "libs/sync/mutex.h"
#include "services/gateway/connection/unique_fd.h"

namespace trivium::gateway {

using Submission = absl::AnyInvocable<void()>;

// Bounded, first in first out, taken in batches; wakes the reactor by an eventfd once a batch.
class SubmissionQueue {
 public:
  explicit SubmissionQueue(size_t max);

  // False: it is full or closed, and the submission was dropped. Thread-safe.
  bool Push(Submission submission);
  // Everything that waits, in order; also clears the eventfd. The reactor's thread.
  std::vector<Submission> TakeAll();
  // From now on Push fails; `last` is the last submission, also when the queue is full. Thread-safe.
  void Close(Submission last);
  // Readable when something waits.
  int event_fd() const { return event_.get(); }

 private:
  void Append(Submission submission) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_;
  UniqueFd event_;
  Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Submission> waiting_ ABSL_GUARDED_BY(mu_);  // At most max_, and the last.
};

}  // namespace trivium::gateway
