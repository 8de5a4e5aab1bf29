// Turns LiveState into xDS resources whenever it changes.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "libs/xds/resources.h"
#include "services/control/live_state.h"

namespace trivium::control {

// Thread-safe. state and resources outlive it.
class Publisher {
 public:
  Publisher(std::vector<std::string> cells, const std::vector<std::string>& ring_hash_services, LiveState& state,
            xds::ResourceStore& resources, Metrics& metrics);
  // Publishes the state of now, when it differs from what is published.
  void Publish();

 private:
  void Measure(const std::vector<domain::InstanceState>& instances) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::vector<std::string> cells_;
  const std::set<std::string> ring_hash_services_;
  LiveState& state_;
  xds::ResourceStore& resources_;
  Metrics& metrics_;
  Mutex mu_;
  // Only grows: a service whose instances are all forgotten must not lose its listener.
  std::set<std::string> services_ ABSL_GUARDED_BY(mu_);
  std::set<std::pair<std::string, std::string>> measured_ ABSL_GUARDED_BY(mu_);
  std::string version_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::control
