// Says in Redis which clients are where, in batches, and asks who else is.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/fanout/presence.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"

namespace trivium::gateway {

struct PresenceOptions {
  absl::Duration ttl = absl::Seconds(75);       // Of an entry; each client refreshes its own with every ping.
  absl::Duration list_kept = absl::Seconds(1);  // So long an answer serves all who ask.
  absl::Duration redis_timeout = absl::Seconds(2);
  size_t queue_max = 50'000;
};

// Thread-safe. What is lost (a full queue, Redis away) comes with the next refresh, or expires.
class PresenceKeeper {
 public:
  // All: not owned; outlive this.
  PresenceKeeper(PresenceOptions options, fanout::Presence& presence, Clock& clock, Metrics& metrics);
  ~PresenceKeeper();

  void Refresh(const std::string& product, const std::string& channel, fanout::Connection connection);
  void Remove(const std::string& product, const std::string& channel, const std::string& connection_id);

  using ListPtr = std::shared_ptr<const fanout::PresenceList>;
  // At most fanout::kMaxPresenceListed connections; an answer may be list_kept old. done: on another thread, or at
  // once; RESOURCE_EXHAUSTED when too many ask.
  void List(const std::string& product, const std::string& channel,
            absl::AnyInvocable<void(absl::StatusOr<ListPtr>)> done);

  // Does what waits and ends the threads. Idempotent.
  void Stop();

 private:
  struct Change {
    fanout::Channel channel;
    fanout::Connection connection;
    bool present = false;
  };
  struct Kept {
    ListPtr list;
    absl::Duration until;
  };

  void Push(Change change);
  void Run();
  void Write(std::vector<Change> changes);
  ListPtr FindKept(const std::string& key);

  const PresenceOptions options_;
  fanout::Presence& presence_;
  Clock& clock_;
  Metrics& metrics_;
  Mutex mu_;
  CondVar wake_;
  std::vector<Change> queue_ ABSL_GUARDED_BY(mu_);  // In order; at most queue_max.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_map<std::string, Kept> kept_ ABSL_GUARDED_BY(mu_);  // By channel; at most 1,000.
  WorkerPool readers_;
  std::thread writer_;
};

// What an entry says beside the user: a serialized trivium.push.v1.Connection.
std::string PresenceInfo(const fanout::Connection& connection, const std::string& device_id,
                         const std::string& platform, absl::Time connect_time);
// The platform in it; "" when it is none.
std::string PlatformOf(const std::string& info);

}  // namespace trivium::gateway
