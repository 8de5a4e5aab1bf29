#include "services/control/snapshot.h"

#include "external/envoy/cluster.pb.h"
#include "external/envoy/endpoint.pb.h"
#include "external/envoy/http_connection_manager.pb.h"
#include "external/envoy/listener.pb.h"
#include "external/envoy/route.pb.h"
#include "external/envoy/router.pb.h"
#include "services/control/domain/endpoints.h"
#include "services/control/names.h"

namespace trivium::control {
namespace {

namespace hcm = envoy::extensions::filters::network::http_connection_manager::v3;
using envoy::config::cluster::v3::Cluster;
using envoy::config::core::v3::ConfigSource;
using envoy::config::endpoint::v3::ClusterLoadAssignment;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::RouteConfiguration;

constexpr char kRouteKeyHeader[] = "x-trivium-route-key";
constexpr int kMaxRequests = 10000, kRetries = 2;

void PointToAds(ConfigSource* source) {
  source->mutable_ads();
  source->set_resource_api_version(envoy::config::core::v3::V3);
}

Listener MakeListener(const std::string& name) {
  hcm::HttpConnectionManager manager;
  PointToAds(manager.mutable_rds()->mutable_config_source());
  manager.mutable_rds()->set_route_config_name(name);
  hcm::HttpFilter* router = manager.add_http_filters();
  router->set_name("router");
  router->mutable_typed_config()->PackFrom(envoy::extensions::filters::http::router::v3::Router());
  Listener listener;
  listener.set_name(name);
  listener.mutable_api_listener()->mutable_api_listener()->PackFrom(manager);
  return listener;
}

RouteConfiguration MakeRoute(const std::string& name, const std::string& cluster) {
  RouteConfiguration config;
  config.set_name(name);
  auto* host = config.add_virtual_hosts();
  host->set_name(name);
  host->add_domains(std::string("*"));  // As a string: gcc 12 warns about the literal (its bug 105329).
  auto* route = host->add_routes();
  route->mutable_match()->set_prefix("");
  auto* action = route->mutable_route();
  action->set_cluster(cluster);
  // "cancelled": gRPC answers so a call that reaches a server between its GOAWAY and its end, before any handler. A
  // call that the client cancels is over on its side and is not tried again.
  action->mutable_retry_policy()->set_retry_on("unavailable,cancelled");
  action->mutable_retry_policy()->mutable_num_retries()->set_value(kRetries);
  action->mutable_retry_policy()->mutable_retry_back_off()->mutable_base_interval()->set_nanos(20'000'000);
  action->mutable_retry_policy()->mutable_retry_back_off()->mutable_max_interval()->set_nanos(200'000'000);
  action->add_hash_policy()->mutable_header()->set_header_name(kRouteKeyHeader);
  return config;
}

Cluster MakeCluster(const std::string& name, bool ring_hash) {
  Cluster cluster;
  cluster.set_name(name);
  cluster.set_type(Cluster::EDS);
  PointToAds(cluster.mutable_eds_cluster_config()->mutable_eds_config());
  cluster.mutable_eds_cluster_config()->set_service_name(name);
  cluster.set_lb_policy(ring_hash ? Cluster::RING_HASH : Cluster::ROUND_ROBIN);
  if (ring_hash) cluster.mutable_ring_hash_lb_config()->mutable_minimum_ring_size()->set_value(1024);
  cluster.mutable_circuit_breakers()->add_thresholds()->mutable_max_requests()->set_value(kMaxRequests);
  auto* outlier = cluster.mutable_outlier_detection();
  outlier->mutable_interval()->set_seconds(5);
  outlier->mutable_base_ejection_time()->set_seconds(5);
  outlier->mutable_max_ejection_time()->set_seconds(30);
  outlier->mutable_max_ejection_percent()->set_value(50);
  // By failure percentage only: success rate is statistics, and needs many hosts.
  outlier->mutable_enforcing_success_rate()->set_value(0);
  outlier->mutable_failure_percentage_threshold()->set_value(85);
  outlier->mutable_enforcing_failure_percentage()->set_value(100);
  outlier->mutable_failure_percentage_minimum_hosts()->set_value(2);
  outlier->mutable_failure_percentage_request_volume()->set_value(20);
  return cluster;
}

// Clients share a priority's calls among its localities by their weights.
void AddLocality(const std::string& cell, const std::string& part, int weight, size_t priority,
                 const std::vector<std::string>& addresses, ClusterLoadAssignment* assignment) {
  auto* locality = assignment->add_endpoints();
  locality->mutable_locality()->set_region(cell);
  locality->mutable_locality()->set_sub_zone(part);
  locality->mutable_load_balancing_weight()->set_value(static_cast<uint32_t>(weight));
  locality->set_priority(static_cast<uint32_t>(priority));
  for (const std::string& address : addresses) {
    const IpAndPort parts = SplitIpAndPort(address);
    auto* endpoint = locality->add_lb_endpoints();
    auto* socket = endpoint->mutable_endpoint()->mutable_address()->mutable_socket_address();
    socket->set_address(std::string(parts.ip));
    socket->set_port_value(static_cast<uint32_t>(parts.port));
    endpoint->set_health_status(envoy::config::core::v3::HEALTHY);
    endpoint->mutable_load_balancing_weight()->set_value(1);
  }
}

ClusterLoadAssignment MakeEndpoints(const std::string& name, const std::vector<domain::CellEndpoints>& cells) {
  ClusterLoadAssignment assignment;
  assignment.set_cluster_name(name);
  for (size_t priority = 0; priority < cells.size(); ++priority) {
    const domain::CellEndpoints& cell = cells[priority];
    if (cell.canary.empty()) {
      AddLocality(cell.cell, "", 1, priority, cell.addresses, &assignment);
    } else {
      AddLocality(cell.cell, "", 100 - cell.canary_percent, priority, cell.addresses, &assignment);
      AddLocality(cell.cell, "canary", cell.canary_percent, priority, cell.canary, &assignment);
    }
  }
  return assignment;
}

}  // namespace

xds::ResourcesByType BuildSnapshot(const SnapshotInput& input) {
  xds::ResourcesByType resources;
  for (std::string_view type : xds::kTypesInOrder) resources[std::string(type)];
  for (const std::string& product : input.products) {
    for (const std::string& service : input.services) {
      const std::string target = product + "." + service + ".trivium", cluster = product + "." + service;
      const bool ring_hash = input.ring_hash_services.contains(service);
      resources[std::string(xds::kListenerType)][target] = MakeListener(target).SerializeAsString();
      resources[std::string(xds::kRouteType)][target] = MakeRoute(target, cluster).SerializeAsString();
      resources[std::string(xds::kClusterType)][cluster] = MakeCluster(cluster, ring_hash).SerializeAsString();
      const auto cells = domain::ServingCells(input.plan, product, service, input.cells);
      const auto endpoints = domain::EndpointsOf(service, cells, input.instances);
      if (endpoints.empty()) continue;  // An empty cluster is never published; a client waits until there is one.
      resources[std::string(xds::kEndpointType)][cluster] = MakeEndpoints(cluster, endpoints).SerializeAsString();
    }
  }
  return resources;
}

}  // namespace trivium::control
