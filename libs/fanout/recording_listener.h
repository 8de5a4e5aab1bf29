// A receiver's listener for tests: writes down what it hears.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/fanout/receiver.h"
#include "libs/sync/mutex.h"

namespace trivium::fanout {

struct Heard {
  std::string channel;  // Its name.
  Kind kind = Kind::kTransient;
  Position position;
  int64_t sequence = 0;
  std::string payload;
};

// Thread-safe.
class RecordingListener : public ReceiverListener {
 public:
  void OnEnvelope(ChannelView channel, const Envelope& e) override {
    MutexLock lock(mu_);
    heard_.push_back({.channel = std::string(channel.name),
                      .kind = e.kind,
                      .position = {std::string(e.epoch), e.offset},
                      .sequence = e.sequence,
                      .payload = std::string(e.payload)});
    changed_.NotifyAll();
  }
  void OnSubscribed(ChannelView channel) override {
    MutexLock lock(mu_);
    subscribed_.emplace_back(channel.name);
    changed_.NotifyAll();
  }
  void OnLost() override {
    MutexLock lock(mu_);
    ++lost_;
    changed_.NotifyAll();
  }

  // Each waits until there is so much, for half a minute at most, and returns all that there is.
  std::vector<Heard> AwaitHeard(size_t count) {
    MutexLock lock(mu_);
    Await(heard_, count);
    return heard_;
  }
  std::vector<std::string> AwaitSubscribed(size_t count) {
    MutexLock lock(mu_);
    Await(subscribed_, count);
    return subscribed_;
  }
  int lost() {
    MutexLock lock(mu_);
    return lost_;
  }

 private:
  template <typename T>
  void Await(const std::vector<T>& what, size_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const absl::Time until = absl::Now() + absl::Seconds(30);
    while (what.size() < count && absl::Now() < until) changed_.WaitFor(mu_, absl::Milliseconds(100));
  }

  Mutex mu_;
  CondVar changed_;
  std::vector<Heard> heard_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> subscribed_ ABSL_GUARDED_BY(mu_);
  int lost_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace trivium::fanout
