// Which instances a client may be sent to, by priority. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/control/domain/plan.h"
#include "services/control/domain/registry.h"

namespace trivium::control::domain {

// One priority of a cluster: a cell and the addresses in it, sorted, each once in the whole cluster.
struct CellEndpoints {
  std::string cell;
  std::vector<std::string> addresses;  // Without those of the canary.
  std::vector<std::string> canary =
      {};                  // Get canary_percent of the cell's calls; empty: no canary, then addresses get all.
  int canary_percent = 0;  // 1-99 when there are any.

  bool operator==(const CellEndpoints&) const = default;
};

// Endpoints of a service in these cells, in their order, cells without any left out: so priorities have no gaps. Alive
// and ready instances, by the cell's canary in two parts; of a canary without others, or others without the canary,
// all; when there is not one in all the cells, those that are draining, else those that were lost last:
// an empty cluster is never the better answer. Empty only when there was no ready instance ever.
std::vector<CellEndpoints> EndpointsOf(std::string_view service, const std::vector<RouteCell>& cells,
                                       const std::vector<InstanceState>& instances);

}  // namespace trivium::control::domain
