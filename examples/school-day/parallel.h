// Runs f(0), ..., f(n - 1) on at most `threads` threads and waits for all.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace trivium::schoolday {

template <typename F>
void ParallelFor(size_t n, int threads, const F& f) {
  std::atomic<size_t> next = 0;
  std::vector<std::thread> workers;
  const size_t count = std::min<size_t>(n, std::max(threads, 1));
  for (size_t i = 0; i < count; ++i) {
    workers.emplace_back([&] {
      for (size_t k = next++; k < n; k = next++) f(k);
    });
  }
  for (std::thread& worker : workers) worker.join();
}

}  // namespace trivium::schoolday
