// xDS resources from the platform's state: for every product and service a listener "<product>.<service>.trivium" with
// its route, and a cluster
// "<product>.<service>" with endpoints by priority. Pure.
//
// The lowest common profile of gRPC clients since 1.51: round_robin or ring_hash, priorities, max_requests, outlier
// detection by failure percentage, retry on UNAVAILABLE. Unknown values would be refused by the clients, unknown fields
// ignored.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "libs/xds/resources.h"
#include "services/control/domain/plan.h"
#include "services/control/domain/registry.h"

namespace trivium::control {

// Everything that the resources are made of.
struct SnapshotInput {
  std::set<std::string> products, services;
  domain::Plan plan;
  std::vector<domain::InstanceState> instances;
  std::vector<std::string> cells;  // Default order.
  std::set<std::string> ring_hash_services;
};

xds::ResourcesByType BuildSnapshot(const SnapshotInput& input);

}  // namespace trivium::control
