// Feeds WatchRoutePlan streams: every new plan, and the same one again after 5 s.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/rpc/outgoing_stream.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/control/live_state.h"
#include "trivium/control/v1/route_plan.pb.h"

namespace trivium::control {

// Thread-safe; nothing blocks. state outlives it.
class PlanFeed {
 public:
  using Stream = std::shared_ptr<rpc::OutgoingStream<v1::RoutePlan>>;

  // cells: where calls go that no route says.
  PlanFeed(std::vector<std::string> cells, LiveState& state, Clock& clock, Metrics& metrics);
  void Add(Stream stream);
  void Remove(const Stream& stream);
  // Something changed, a stream has room again, or time has passed.
  void Pump();

 private:
  struct Watcher {
    int64_t sent_epoch = -1;
    absl::Duration sent_at = -absl::InfiniteDuration();
    Stream stream;
  };
  void PumpOne(const domain::Plan& plan, Watcher* watcher) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::vector<std::string> cells_;
  LiveState& state_;
  Clock& clock_;
  Metrics& metrics_;
  Mutex mu_;
  std::list<Watcher> watchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::control
