// Threads that do one thing again and again at a steady rate.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trivium::drills {

// Not thread-safe.
class Workers {
 public:
  ~Workers() { Stop(); }
  // step(i), i = 0, 1, 2, ... over all threads, `per_second` in all; behind its time a thread catches up without a
  // pause.
  void Start(int threads, double per_second, std::function<void(int64_t)> step) {
    const absl::Duration pause = absl::Seconds(threads / per_second);
    for (int t = 0; t < threads; ++t) {
      threads_.emplace_back([this, t, threads, pause, step] {
        absl::Time due = absl::Now() + pause * (static_cast<double>(t) / threads);
        for (int64_t i = t; !stop_; i += threads) {
          while (!stop_ && absl::Now() < due) absl::SleepFor(std::min(due - absl::Now(), absl::Milliseconds(50)));
          if (stop_) return;
          step(i);
          due = std::max(due + pause, absl::Now() - pause);
        }
      });
    }
  }
  // Waits for the steps that have begun.
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace trivium::drills
