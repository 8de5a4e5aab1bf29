// Which channels are wanted, and what the server has not been told yet.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "libs/sync/mutex.h"

namespace trivium::redis {

// Thread-safe: callers want and drop, the subscriber's thread takes and asks.
class Subscriptions {
 public:
  explicit Subscriptions(size_t max_channels) : max_channels_(max_channels) {}

  // All or none. A channel that is wanted already is told to the server again, so that it is confirmed again.
  // RESOURCE_EXHAUSTED REDIS_CHANNELS_FULL; those that were dropped count until the server was told.
  absl::Status Want(const std::vector<std::string>& channels);
  void Drop(const std::vector<std::string>& channels);
  bool IsWanted(std::string_view channel) const;
  size_t size() const;

  // A connection that knows nothing has been made: all that is wanted is to be told. Or it was lost.
  void Connected();
  void Disconnected();
  // The next SUBSCRIBE and UNSUBSCRIBE commands for the wire, about 64 KiB of them; "" when all is told.
  std::string Take();

 private:
  struct State {
    bool wanted = false, told = false, queued = false;
    bool ask = false;  // SUBSCRIBE is to be sent, also when it was.
  };
  using Entry = std::pair<const std::string, State>;
  enum class Change { kNone, kSubscribe, kUnsubscribe };

  void Enqueue(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static Change ChangeOf(const State& state);
  void Told(Entry& entry, Change change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_channels_;
  mutable Mutex mu_;
  bool connected_ ABSL_GUARDED_BY(mu_) = false;
  std::unordered_map<std::string, State> channels_ ABSL_GUARDED_BY(mu_);  // At most max_channels_.
  std::deque<Entry*> queue_ ABSL_GUARDED_BY(mu_);                         // Each entry at most once; none while lost.
};

}  // namespace trivium::redis
