// Brings accepted messages from the database into their channels. Whoever accepted a message tells it the channel, and
// it goes there at once; a sweep finds what a crash, or Redis's absence, has left. A channel is worked on by one thread
// at a time here; other instances may work on it, too: nothing comes twice, and the order holds (docs/adr/0009).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"
#include "services/push/channels.h"
#include "services/push/metrics.h"
#include "services/push/store/store.h"

namespace trivium::push {

// Channels that may wait; others are found by the sweep.
inline constexpr size_t kRelayQueueMax = 10'000;

// Thread-safe.
class Relay {
 public:
  struct Options {
    int threads = 4;
    absl::Duration sweep = absl::Milliseconds(500);  // Between looks for what is left.
    absl::Duration pause = absl::Milliseconds(200);  // After a failure, before anything else is tried.
    // Products whose home this cell is: the sweep looks for theirs. Empty: all.
    std::function<Products()> home;
  };
  // References outlive it.
  Relay(Options options, Store& store, Channels& channels, Clock& clock, PushMetrics& metrics)
      : options_(std::move(options)), store_(store), channels_(channels), clock_(clock), metrics_(metrics) {}
  ~Relay() { Stop(); }
  void Start();
  // Waits for what is under way. Idempotent.
  void Stop();
  // Something was accepted for the channel.
  void Wake(const ChannelName& channel);

  // One look at a channel, on the caller's thread: what a thread of the relay does. OK: whether there is more.
  absl::StatusOr<bool> Step(const ChannelName& channel);
  // Finds channels with something to do, and wakes them.
  void Sweep();

 private:
  void Run();
  void Work(const ChannelName& channel);
  // Those of a channel, in its order. Fills *sent with the ones that need not be looked at again.
  absl::Status Send(const ChannelName& channel, const std::vector<Message>& messages, std::vector<Id>* sent);
  absl::Status SendUnsequenced(const Message& message);
  // To each user's channel.
  absl::Status SendToAudience(const Message& message);
  absl::Status SendToUsers(const Message& message, std::span<const std::string> users);
  absl::StatusOr<std::vector<std::string>> NextUsers(const Message& message, const std::string& after);
  absl::Time Deadline() const;

  const Options options_;
  Store& store_;
  Channels& channels_;
  Clock& clock_;
  PushMetrics& metrics_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false, failing_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration next_sweep_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();     // Monotonic.
  absl::Duration blocked_until_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();  // Likewise.
  std::set<ChannelName> waiting_ ABSL_GUARDED_BY(mu_);                        // At most kRelayQueueMax.
  std::set<ChannelName> running_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

}  // namespace trivium::push
