// The slot map as it is known now, and how it is learnt again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/redis/client_metrics.h"
#include "libs/redis/connection.h"
#include "libs/redis/slots.h"
#include "libs/sync/mutex.h"

namespace trivium::redis {

struct TopologyOptions {
  std::vector<Address> seeds;
  bool cluster = false;
  Login login;
  absl::Duration node_timeout;  // To connect to a node and get its answer.
};

// Thread-safe. Reads CLUSTER SLOTS from one node after the other until one answers; one thread at a time does, the
// others wait for what it learns.
class Topology {
 public:
  // on_change: called with each new map, by the thread that read it.
  Topology(TopologyOptions options, Clock& clock, ClientMetrics& metrics,
           std::function<void(const SlotMap&)> on_change);

  // The map; read anew when it is stale. A stale one when no node answers; UNAVAILABLE when there is none at all.
  // until: of the clock's Monotonic.
  absl::StatusOr<std::shared_ptr<const SlotMap>> Current(absl::Duration until);
  // The map may be wrong. ask_first: a node that knows better. Without effect for a single node.
  void MarkStale(std::optional<Address> ask_first = std::nullopt);
  // The map may be wrong, and this node does not answer: it is asked last.
  void Suspect(const Address& node);
  bool cluster() const { return options_.cluster; }

 private:
  bool Due() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::shared_ptr<const SlotMap>> Known() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<Address> Candidates() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::shared_ptr<const SlotMap>> Learn(const std::vector<Address>& candidates, absl::Duration until);
  absl::StatusOr<std::shared_ptr<const SlotMap>> AskNode(const Address& node, absl::Duration until);

  const TopologyOptions options_;
  Clock& clock_;
  ClientMetrics& metrics_;
  const std::function<void(const SlotMap&)> on_change_;
  Mutex mu_;
  CondVar learnt_;
  std::shared_ptr<const SlotMap> map_ ABSL_GUARDED_BY(mu_);
  absl::Status problem_ ABSL_GUARDED_BY(mu_);  // Of the last reading.
  bool stale_ ABSL_GUARDED_BY(mu_) = true;
  bool learning_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration last_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();  // When the last reading ended.
  std::optional<Address> ask_first_ ABSL_GUARDED_BY(mu_), suspect_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::redis
