// The service put together: what main runs, and what tests run in one process.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "services/control/ads_listener.h"
#include "services/control/config_feed.h"
#include "services/control/config_service.h"
#include "services/control/live_state.h"
#include "services/control/plan_feed.h"
#include "services/control/publisher.h"
#include "services/control/registry_service.h"
#include "services/control/route_plan_service.h"
#include "services/control/settings.h"

namespace trivium::control {

// Parts in the order of their making. Thread-safe after Start. All references outlive it.
class Control {
 public:
  Control(const Settings& settings, Store& store, rpc::CallGuard& guard, Clock& clock, Metrics& metrics,
          std::function<bool()> draining);

  // To be registered with the gRPC server; ADS is among them.
  std::vector<grpc::Service*> services();
  absl::Status Start();
  void Stop();
  // Ends ADS streams on the gRPC port: a drain must not wait for them.
  void Drain() { ads_.Stop(); }
  absl::Status Ready() const { return state_.Ready(); }
  int ads_port() const { return ads_listener_.port(); }
  LiveState& state() { return state_; }

 private:
  xds::ResourceStore resources_;
  LiveState state_;
  Publisher publisher_;
  ConfigFeed config_feed_;
  PlanFeed plan_feed_;
  ConfigServiceImpl config_service_;
  RoutePlanServiceImpl route_plan_service_;
  RegistryServiceImpl registry_service_;
  xds::AdsServer ads_;
  AdsListener ads_listener_;
};

}  // namespace trivium::control
