#include "services/control/publisher.h"

#include <map>

#include "libs/log/log.h"
#include "services/control/kinds/kind.h"
#include "services/control/metrics.h"
#include "services/control/snapshot.h"

namespace trivium::control {

Publisher::Publisher(std::vector<std::string> cells, const std::vector<std::string>& ring_hash_services,
                     LiveState& state, xds::ResourceStore& resources, Metrics& metrics)
    : cells_(std::move(cells)),
      ring_hash_services_(ring_hash_services.begin(), ring_hash_services.end()),
      state_(state),
      resources_(resources),
      metrics_(metrics) {}

void Publisher::Publish() {
  // The state is read under the lock: else an older one could be published after a newer one.
  MutexLock lock(mu_);
  const auto configs = state_.configs();
  SnapshotInput input{.plan = *state_.plan(),
                      .instances = state_.instances(),
                      .cells = cells_,
                      .ring_hash_services = ring_hash_services_};
  for (const auto& [key, item] : configs->items) {
    if (key.first == kProductProfile) input.products.insert(key.second);
  }
  for (const domain::Route& route : input.plan.routes) services_.insert(route.service);
  for (const domain::InstanceState& state : input.instances) services_.insert(state.instance.service);
  input.services = services_;
  metrics_.GetGauge(kPlanEpoch).Set(static_cast<double>(input.plan.epoch));
  metrics_.GetGauge(kConfigRevision).Set(static_cast<double>(configs->revision));
  Measure(input.instances);

  xds::ResourcesByType resources = BuildSnapshot(input);
  std::string version = xds::ContentVersion(resources);
  if (version == version_) return;
  version_ = version;
  metrics_.GetCounter(kSnapshots).Add();
  TRIVIUM_LOG(kInfo, "xds resources published", {"version", version}, {"plan_epoch", input.plan.epoch},
              {"products", input.products.size()}, {"services", input.services.size()});
  resources_.Set(std::move(resources), std::move(version));
}

void Publisher::Measure(const std::vector<domain::InstanceState>& instances) {
  std::map<std::pair<std::string, std::string>, int> serving;
  for (const auto& seen : measured_) serving[seen] = 0;
  for (const domain::InstanceState& state : instances) {
    serving[{state.instance.service, state.instance.cell}] += state.alive && state.instance.ready ? 1 : 0;
  }
  for (const auto& [key, count] : serving) {
    measured_.insert(key);
    metrics_.GetGauge(kInstancesServing, {key.first, key.second}).Set(count);
  }
}

}  // namespace trivium::control
