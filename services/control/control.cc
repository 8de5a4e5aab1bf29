#include "services/control/control.h"

#include <utility>

#include "libs/status/status.h"

namespace trivium::control {
namespace {

LiveStateOptions StateOptions(const Settings& settings) {
  LiveStateOptions options{.replica = settings.instance_id};
  options.registry.silence = settings.instance_silence;
  options.registry.grace = settings.start_grace;
  return options;
}

}  // namespace

Control::Control(const Settings& settings, Store& store, rpc::CallGuard& guard, Clock& clock, Metrics& metrics,
                 std::function<bool()> draining)
    : state_(StateOptions(settings), store, clock, metrics),
      publisher_(settings.cells, settings.ring_hash_services, state_, resources_, metrics),
      config_feed_(state_, clock, metrics),
      plan_feed_(settings.cells, state_, clock, metrics),
      config_service_(guard, store, state_, config_feed_, clock),
      route_plan_service_(settings.services, settings.cells, guard, store, state_, plan_feed_, clock),
      registry_service_(settings.cells, guard, state_, clock, std::move(draining)),
      ads_({.max_streams = settings.ads_max_streams}, resources_, metrics),
      ads_listener_(settings.ads_address, {.max_streams = settings.ads_max_streams}, resources_, metrics) {
  state_.OnChange([this] { publisher_.Publish(); });
  state_.OnChange([this] { config_feed_.Pump(); });
  state_.OnChange([this] { plan_feed_.Pump(); });
  state_.OnTick([this] { config_feed_.Pump(); });
  state_.OnTick([this] { plan_feed_.Pump(); });
}

std::vector<grpc::Service*> Control::services() {
  return {&config_service_, &route_plan_service_, &registry_service_, ads_.service()};
}

absl::Status Control::Start() {
  TRIVIUM_RETURN_IF_ERROR(state_.Start());
  return ads_listener_.Start();
}

void Control::Stop() {
  ads_listener_.Stop();
  ads_.Stop();
  state_.Stop();
}

}  // namespace trivium::control
