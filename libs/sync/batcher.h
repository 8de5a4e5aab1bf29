// Work that goes better together: requests that arrive while others are being done are done at once, by one call.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"

namespace trivium {

struct BatcherOptions {
  int threads = 1;
  size_t queue_max = 10'000;  // Requests that wait.
  size_t batch_max = 1000;
  absl::Duration window = absl::ZeroDuration();  // What arrives within it after the first goes with it.
};

// Thread-safe.
template <typename Request, typename Answer>
class Batcher {
 public:
  using Done = absl::AnyInvocable<void(Answer)>;
  // Answers in the order of the requests. May block.
  using Work = std::function<std::vector<Answer>(std::span<const Request>)>;

  // clock: not owned; outlives this.
  Batcher(BatcherOptions options, Clock& clock, Work work) : options_(options), clock_(clock), work_(std::move(work)) {
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Batcher() { Stop(); }

  // False: the queue is full or this stops; done is dropped. done: on one of the threads; must not block.
  [[nodiscard]] bool Submit(Request request, Done done) {
    MutexLock lock(mu_);
    if (stopping_ || queue_.size() >= options_.queue_max) return false;
    queue_.push_back({std::move(request), std::move(done)});
    wake_.NotifyOne();
    return true;
  }
  // Does what waits, then ends the threads. Idempotent.
  void Stop() {
    {
      MutexLock lock(mu_);
      stopping_ = true;
      wake_.NotifyAll();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  struct Item {
    Request request;
    Done done;
  };

  void Run() {
    for (;;) {
      std::vector<Request> requests;
      std::vector<Done> dones;
      {
        MutexLock lock(mu_);
        while (queue_.empty() && !stopping_) wake_.Wait(mu_);
        if (queue_.empty()) return;
        AwaitWindow();
        const size_t n = std::min(queue_.size(), options_.batch_max);
        for (size_t i = 0; i < n; ++i) {
          requests.push_back(std::move(queue_.front().request));
          dones.push_back(std::move(queue_.front().done));
          queue_.pop_front();
        }
      }
      if (requests.empty()) continue;
      std::vector<Answer> answers = work_(requests);
      for (size_t i = 0; i < dones.size() && i < answers.size(); ++i) dones[i](std::move(answers[i]));
    }
  }
  void AwaitWindow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const absl::Duration until = clock_.Monotonic() + options_.window;
    while (!stopping_ && queue_.size() < options_.batch_max) {
      const absl::Duration left = until - clock_.Monotonic();
      if (left <= absl::ZeroDuration() || !wake_.WaitFor(mu_, left)) return;
    }
  }

  const BatcherOptions options_;
  Clock& clock_;
  const Work work_;
  Mutex mu_;
  CondVar wake_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mu_);  // Oldest first; at most queue_max.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace trivium
