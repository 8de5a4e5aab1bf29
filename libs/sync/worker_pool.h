// A bounded pool of threads for blocking work.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"

namespace trivium {

// Thread-safe.
class WorkerPool {
 public:
  // threads: 1-1024, named `name` (15 characters). queue_max: tasks that may wait, at least 1.
  WorkerPool(std::string name, int threads, size_t queue_max);
  // Runs what is queued, then joins.
  ~WorkerPool();

  // Queues a task; false when the queue is full or the pool is stopping: the caller refuses the work.
  [[nodiscard]] bool Submit(std::function<void()> task);
  // Takes no more tasks, runs what is queued, joins the threads. Idempotent. Not from inside a task.
  void Stop();
  size_t queued() const;

 private:
  void Run(const std::string& name);

  const size_t queue_max_;
  mutable Mutex mu_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mu_);  // Oldest first; at most queue_max_.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // Filled by the constructor, emptied by the first Stop.
};

}  // namespace trivium
