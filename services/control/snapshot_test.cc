#include "services/control/snapshot.h"

#include <gtest/gtest.h>

#include "external/envoy/cluster.pb.h"
#include "external/envoy/endpoint.pb.h"
#include "external/envoy/http_connection_manager.pb.h"
#include "external/envoy/listener.pb.h"
#include "external/envoy/route.pb.h"

namespace trivium::control {
namespace {

template <typename Message>
Message Get(const xds::ResourcesByType& resources, std::string_view type, const std::string& name) {
  Message message;
  EXPECT_TRUE(resources.at(std::string(type)).contains(name)) << name;
  EXPECT_TRUE(message.ParseFromString(resources.at(std::string(type)).at(name)));
  return message;
}

domain::InstanceState Alive(const std::string& id, const std::string& cell, const std::string& address) {
  return {.instance = {id, "payment", cell, address, "1", true, absl::UnixEpoch()}, .alive = true, .was_ready = true};
}

SnapshotInput Input() {
  return {.products = {"acme", "globex"},
          .services = {"payment"},
          .instances = {Alive("p1", "cell-a", "127.0.0.1:1001"), Alive("p2", "cell-a", "[::1]:1002"),
                        Alive("p3", "cell-b", "127.0.0.1:1003")},
          .cells = {"cell-a", "cell-b"}};
}

TEST(SnapshotTest, EveryReferenceLeadsToAResource) {
  const auto resources = BuildSnapshot(Input());
  for (const std::string product : {"acme", "globex"}) {
    const std::string target = product + ".payment.trivium";
    const auto listener = Get<envoy::config::listener::v3::Listener>(resources, xds::kListenerType, target);
    envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager manager;
    ASSERT_TRUE(listener.api_listener().api_listener().UnpackTo(&manager));
    EXPECT_EQ(manager.http_filters(0).typed_config().type_url(),
              "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router");
    const auto routes = Get<envoy::config::route::v3::RouteConfiguration>(resources, xds::kRouteType,
                                                                          manager.rds().route_config_name());
    const auto& action = routes.virtual_hosts(0).routes(0).route();
    EXPECT_EQ(action.retry_policy().retry_on(), "unavailable,cancelled");
    EXPECT_EQ(action.retry_policy().num_retries().value(), 2u);
    const auto cluster = Get<envoy::config::cluster::v3::Cluster>(resources, xds::kClusterType, action.cluster());
    EXPECT_EQ(cluster.circuit_breakers().thresholds(0).max_requests().value(), 10000u);
    EXPECT_EQ(cluster.lb_policy(), envoy::config::cluster::v3::Cluster::ROUND_ROBIN);
    Get<envoy::config::endpoint::v3::ClusterLoadAssignment>(resources, xds::kEndpointType,
                                                            cluster.eds_cluster_config().service_name());
  }
}

TEST(SnapshotTest, CellsArePrioritiesInTheOrderOfTheRoute) {
  SnapshotInput input = Input();
  domain::SetRoute(&input.plan, "acme", "payment", {{"cell-b"}, {"cell-a"}}, absl::UnixEpoch());
  domain::SetRoute(&input.plan, "globex", "payment", {{"cell-a", true}, {"cell-b"}}, absl::UnixEpoch());
  const auto resources = BuildSnapshot(input);
  using envoy::config::endpoint::v3::ClusterLoadAssignment;
  const auto acme = Get<ClusterLoadAssignment>(resources, xds::kEndpointType, "acme.payment");
  ASSERT_EQ(acme.endpoints_size(), 2);
  EXPECT_EQ(acme.endpoints(0).priority(), 0u);
  EXPECT_EQ(acme.endpoints(0).locality().region(), "cell-b");
  EXPECT_EQ(acme.endpoints(1).priority(), 1u);
  EXPECT_EQ(acme.endpoints(1).lb_endpoints(1).endpoint().address().socket_address().address(), "::1");
  const auto globex = Get<ClusterLoadAssignment>(resources, xds::kEndpointType, "globex.payment");
  ASSERT_EQ(globex.endpoints_size(), 1);
  EXPECT_EQ(globex.endpoints(0).lb_endpoints(0).endpoint().address().socket_address().port_value(), 1003u);
}

TEST(SnapshotTest, ACanaryIsALocalityWithItsWeight) {
  SnapshotInput input = Input();
  input.instances[1].instance.version = "2";
  domain::SetRoute(&input.plan, "acme", "payment", {{"cell-a", false, {"2", 5}}, {"cell-b"}}, absl::UnixEpoch());
  using envoy::config::endpoint::v3::ClusterLoadAssignment;
  const auto acme = Get<ClusterLoadAssignment>(BuildSnapshot(input), xds::kEndpointType, "acme.payment");
  ASSERT_EQ(acme.endpoints_size(), 3);
  const struct {
    const char *region, *sub_zone;
    uint32_t weight, priority;
    uint32_t port;
  } kWant[] = {{"cell-a", "", 95, 0, 1001}, {"cell-a", "canary", 5, 0, 1002}, {"cell-b", "", 1, 1, 1003}};
  for (int i = 0; i < 3; ++i) {
    const auto& got = acme.endpoints(i);
    EXPECT_EQ(got.locality().region(), kWant[i].region);
    EXPECT_EQ(got.locality().sub_zone(), kWant[i].sub_zone);
    EXPECT_EQ(got.load_balancing_weight().value(), kWant[i].weight);
    EXPECT_EQ(got.priority(), kWant[i].priority);
    ASSERT_EQ(got.lb_endpoints_size(), 1);
    EXPECT_EQ(got.lb_endpoints(0).endpoint().address().socket_address().port_value(), kWant[i].port);
  }
}

TEST(SnapshotTest, NeverPublishesAnEmptyCluster) {
  SnapshotInput input = Input();
  input.instances.clear();
  const auto resources = BuildSnapshot(input);
  EXPECT_TRUE(resources.at(std::string(xds::kEndpointType)).empty());
  EXPECT_EQ(resources.at(std::string(xds::kListenerType)).size(), 2u);
}

TEST(SnapshotTest, RingHashWhereConfigSaysSo) {
  SnapshotInput input = Input();
  input.ring_hash_services = {"payment"};
  const auto cluster =
      Get<envoy::config::cluster::v3::Cluster>(BuildSnapshot(input), xds::kClusterType, "acme.payment");
  EXPECT_EQ(cluster.lb_policy(), envoy::config::cluster::v3::Cluster::RING_HASH);
}

TEST(SnapshotTest, EqualInputGivesTheEqualVersion) {
  EXPECT_EQ(xds::ContentVersion(BuildSnapshot(Input())), xds::ContentVersion(BuildSnapshot(Input())));
}

}  // namespace
}  // namespace trivium::control
