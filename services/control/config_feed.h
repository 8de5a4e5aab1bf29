// Feeds WatchConfigs streams: what is new by revision, and a heartbeat when there is nothing for 5 s.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/rpc/outgoing_stream.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/control/live_state.h"
#include "trivium/control/v1/config.pb.h"

namespace trivium::control {

inline constexpr absl::Duration kWatchHeartbeat = absl::Seconds(5);

// Thread-safe; nothing blocks. state outlives it.
class ConfigFeed {
 public:
  using Stream = std::shared_ptr<rpc::OutgoingStream<v1::WatchConfigsResponse>>;

  ConfigFeed(LiveState& state, Clock& clock, Metrics& metrics);
  void Add(std::set<std::string> kinds, int64_t after_revision, Stream stream);
  void Remove(const Stream& stream);
  // Something changed, a stream has room again, or time has passed.
  void Pump();

 private:
  struct Watcher {
    std::set<std::string> kinds;
    int64_t sent_revision = 0;
    int64_t joined_at_refresh = 0;  // LiveState::refreshes when it came.
    absl::Duration sent_at = -absl::InfiniteDuration();
    Stream stream;
  };
  void PumpOne(const Configs& configs, Watcher* watcher) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  LiveState& state_;
  Clock& clock_;
  Metrics& metrics_;
  Mutex mu_;
  std::list<Watcher> watchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::control
