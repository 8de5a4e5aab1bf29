// A thread that reads, writes and waits for many connections.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "libs/sync/mutex.h"

namespace trivium::client {

using SteadyTime = std::chrono::steady_clock::time_point;

// What the loop calls, in its thread.
class LoopMember {
 public:
  virtual ~LoopMember() = default;
  virtual void OnReady(uint32_t epoll_events) = 0;
  virtual void OnTime(SteadyTime now) = 0;
};

struct LoopOptions {
  // So long the loop sleeps after events before it looks for more, unless so many came that more are there surely. What
  // becomes ready meanwhile wakes nobody: with thousands of members both ends of their sockets need less CPU for it.
  // Everything is told so much later.
  std::chrono::microseconds gather{0};
};

class Loop {
 public:
  // RESOURCE_EXHAUSTED when there are no more file descriptors.
  static absl::StatusOr<std::unique_ptr<Loop>> Start(LoopOptions options = {});
  // All members have gone before.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs f in the loop's thread. Thread-safe.
  void Post(std::function<void()> f);
  // As Post, and waits for it; in the loop's own thread it runs at once.
  void Run(const std::function<void()>& f);

  // The rest is for members, in the loop's thread. An event is told once, when it comes or when it is asked for (Add,
  // Change): OnReady reads and writes until there is nothing more.
  bool Add(int fd, uint32_t events, LoopMember* member);
  void Change(int fd, uint32_t events, LoopMember* member);
  void Remove(int fd);
  // One time a member; a new one takes its place. `old`: what it was, or max().
  void SetTime(LoopMember* member, SteadyTime old, SteadyTime now);
  // The time at which this turn began.
  SteadyTime now() const { return now_; }

 private:
  Loop(LoopOptions options, int epoll_fd, int event_fd);
  void Work();
  void RunPosted();
  void RunTimes();
  int Patience() const;

  const LoopOptions options_;
  const int epoll_fd_, event_fd_;
  std::atomic<bool> stop_ = false;
  Mutex mu_;
  std::vector<std::function<void()>> posted_ ABSL_GUARDED_BY(mu_);
  // The thread's own, from here on.
  std::set<std::pair<SteadyTime, LoopMember*>> times_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  std::thread thread_;
};

}  // namespace trivium::client
