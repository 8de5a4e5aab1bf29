// Follows a product's events in a thread of its own: one stream after the other, each from the cursor at which the last
// one broke.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"

namespace trivium::schoolday {

// Event: has a cursor.
template <typename Event>
class EventFollower {
 public:
  using Receive = std::function<void(const Event&)>;
  // One stream from a cursor, until it breaks or the flag is set.
  using Watch = std::function<absl::Status(const std::string&, const std::atomic<bool>&, const Receive&)>;

  EventFollower(Watch watch, Receive receive, std::string cursor)
      : watch_(std::move(watch)),
        receive_(std::move(receive)),
        cursor_(std::move(cursor)),
        thread_([this] { Run(); }) {}
  ~EventFollower() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // Streams that broke and were resumed.
  int breaks() const { return breaks_; }

 private:
  void Run() {
    while (!stop_) {
      // Broken streams are the day's weather; what they lose shows in the fold.
      watch_(cursor_, stop_, [this](const Event& event) {
        receive_(event);
        cursor_ = event.cursor;
      }).IgnoreError();
      if (stop_) return;
      ++breaks_;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

  const Watch watch_;
  const Receive receive_;
  std::string cursor_;  // Of the last event that was received; the thread's own.
  std::atomic<bool> stop_ = false;
  std::atomic<int> breaks_ = 0;
  std::thread thread_;
};

// `client` has WatchEvents, and outlives it.
template <typename Event, typename Client>
std::unique_ptr<EventFollower<Event>> Follow(Client& client, typename EventFollower<Event>::Receive receive,
                                             std::string cursor) {
  using Follower = EventFollower<Event>;
  return std::make_unique<Follower>(
      [&client](const std::string& from, const std::atomic<bool>& stop, const typename Follower::Receive& each) {
        return client.WatchEvents(from, stop, each);
      },
      std::move(receive), std::move(cursor));
}

}  // namespace trivium::schoolday
