#include "services/control/domain/endpoints.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace trivium::control::domain {
namespace {

// Instances lost within this time of each other are lost by the same cause.
constexpr absl::Duration kLostTogether = absl::Minutes(1);

using Usable = std::function<bool(const InstanceState&)>;

// A side without instances, or without a share, leaves all to the other.
CellEndpoints Divide(const RouteCell& cell, std::set<std::string> others, std::set<std::string> canary) {
  const int percent = cell.canary.percent;
  if (others.empty() || (percent == 100 && !canary.empty())) {
    others = std::move(canary);
    canary.clear();
  }
  CellEndpoints divided{cell.cell, {others.begin(), others.end()}};
  if (percent > 0 && !canary.empty()) {
    divided.canary.assign(canary.begin(), canary.end());
    divided.canary_percent = percent;
  }
  return divided;
}

std::vector<CellEndpoints> Pick(std::string_view service, const std::vector<RouteCell>& cells,
                                const std::vector<InstanceState>& instances, const Usable& usable) {
  std::vector<CellEndpoints> picked;
  std::set<std::string> taken;
  for (const RouteCell& cell : cells) {
    std::set<std::string> others, canary;
    for (const InstanceState& state : instances) {
      const Instance& instance = state.instance;
      if (instance.service != service || instance.cell != cell.cell || !usable(state)) continue;
      if (!taken.insert(instance.address).second) continue;
      const bool on_trial = !cell.canary.version.empty() && instance.version == cell.canary.version;
      (on_trial ? canary : others).insert(instance.address);
    }
    if (others.empty() && canary.empty()) continue;
    picked.push_back(Divide(cell, std::move(others), std::move(canary)));
  }
  return picked;
}

// When the last of the instances that were ready once was lost; infinite future while one is only draining.
absl::Time LostLast(std::string_view service, const std::vector<RouteCell>& cells,
                    const std::vector<InstanceState>& instances) {
  absl::Time last = absl::InfinitePast();
  for (const InstanceState& state : instances) {
    const bool in_cells = std::any_of(cells.begin(), cells.end(),
                                      [&](const RouteCell& cell) { return cell.cell == state.instance.cell; });
    if (state.instance.service == service && in_cells && state.was_ready) last = std::max(last, state.lost_time);
  }
  return last;
}

}  // namespace

std::vector<CellEndpoints> EndpointsOf(std::string_view service, const std::vector<RouteCell>& cells,
                                       const std::vector<InstanceState>& instances) {
  auto serving = Pick(service, cells, instances, [](const InstanceState& s) { return s.alive && s.instance.ready; });
  if (!serving.empty()) return serving;
  const absl::Time lost_last = LostLast(service, cells, instances);
  return Pick(service, cells, instances,
              [&](const InstanceState& s) { return s.was_ready && s.lost_time >= lost_last - kLostTogether; });
}

}  // namespace trivium::control::domain
