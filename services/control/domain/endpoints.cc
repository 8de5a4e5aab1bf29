#include "services/control/domain/endpoints.h"

#include <algorithm>
#include <functional>
#include <set>

namespace trivium::control::domain {
namespace {

// Instances lost within this time of each other are lost by the same cause.
constexpr absl::Duration kLostTogether = absl::Minutes(1);

using Usable = std::function<bool(const InstanceState&)>;

std::vector<CellEndpoints> Pick(std::string_view service, const std::vector<std::string>& cells,
                                const std::vector<InstanceState>& instances, const Usable& usable) {
  std::vector<CellEndpoints> picked;
  std::set<std::string> taken;
  for (const std::string& cell : cells) {
    std::set<std::string> addresses;
    for (const InstanceState& state : instances) {
      if (state.instance.service != service || state.instance.cell != cell || !usable(state)) continue;
      if (taken.insert(state.instance.address).second) addresses.insert(state.instance.address);
    }
    if (!addresses.empty()) picked.push_back({cell, {addresses.begin(), addresses.end()}});
  }
  return picked;
}

// When the last of the instances that were ready once was lost; infinite future while one is only draining.
absl::Time LostLast(std::string_view service, const std::vector<std::string>& cells,
                    const std::vector<InstanceState>& instances) {
  absl::Time last = absl::InfinitePast();
  for (const InstanceState& state : instances) {
    const bool in_cells = std::find(cells.begin(), cells.end(), state.instance.cell) != cells.end();
    if (state.instance.service == service && in_cells && state.was_ready) last = std::max(last, state.lost_time);
  }
  return last;
}

}  // namespace

std::vector<CellEndpoints> EndpointsOf(std::string_view service, const std::vector<std::string>& cells,
                                       const std::vector<InstanceState>& instances) {
  auto serving = Pick(service, cells, instances, [](const InstanceState& s) { return s.alive && s.instance.ready; });
  if (!serving.empty()) return serving;
  const absl::Time lost_last = LostLast(service, cells, instances);
  return Pick(service, cells, instances,
              [&](const InstanceState& s) { return s.was_ready && s.lost_time >= lost_last - kLostTogether; });
}

}  // namespace trivium::control::domain
