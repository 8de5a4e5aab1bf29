#include "services/gateway/connection/submission_queue.h"

#include <sys/eventfd.h>

#include <cstdint>
#include <utility>

namespace trivium::gateway {

SubmissionQueue::SubmissionQueue(size_t max) : max_(max), event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

bool SubmissionQueue::Push(Submission submission) {
  MutexLock lock(mu_);
  if (closed_ || waiting_.size() >= max_) return false;
  Append(std::move(submission));
  return true;
}

// The first of a batch wakes; the others find it awake.
void SubmissionQueue::Append(Submission submission) {
  waiting_.push_back(std::move(submission));
  if (waiting_.size() == 1) eventfd_write(event_.get(), 1);
}

std::vector<Submission> SubmissionQueue::TakeAll() {
  MutexLock lock(mu_);
  if (waiting_.empty()) return {};
  eventfd_t count = 0;
  (void)eventfd_read(event_.get(), &count);
  return std::exchange(waiting_, {});
}

void SubmissionQueue::Close(Submission last) {
  MutexLock lock(mu_);
  if (!std::exchange(closed_, true)) Append(std::move(last));
}

}  // namespace trivium::gateway
