#include "libs/xds/upstream_session.h"

#include <gtest/gtest.h>

#include "external/envoy/cluster.pb.h"
#include "external/envoy/discovery.pb.h"

namespace trivium::xds {
namespace {

using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

const std::string kCds(kClusterType);

std::string ClusterNamed(const std::string& name, int lb_policy = 0) {
  envoy::config::cluster::v3::Cluster cluster;
  cluster.set_name(name);
  cluster.set_lb_policy(static_cast<envoy::config::cluster::v3::Cluster::LbPolicy>(lb_policy));
  return cluster.SerializeAsString();
}

DiscoveryResponse Response(const std::string& nonce, const std::vector<std::string>& resources) {
  DiscoveryResponse response;
  response.set_type_url(kCds);
  response.set_nonce(nonce);
  response.set_version_info("v" + nonce);
  for (const std::string& bytes : resources) {
    response.add_resources()->set_type_url(kCds);
    response.mutable_resources()->rbegin()->set_value(bytes);
  }
  return response;
}

TEST(UpstreamSessionTest, AsksForWhatIsWantedAndAcknowledges) {
  ResourcesByType resources;
  UpstreamSession session("node-1", &resources);
  DiscoveryRequest request;
  EXPECT_FALSE(session.Next({}, &request));
  ASSERT_TRUE(session.Next({{kCds, {"a"}}}, &request));
  EXPECT_EQ(request.node().id(), "node-1");
  EXPECT_EQ(request.resource_names(0), "a");
  EXPECT_FALSE(session.Next({{kCds, {"a"}}}, &request));

  EXPECT_TRUE(session.OnResponse(Response("1", {ClusterNamed("a")})));
  EXPECT_EQ(resources[kCds]["a"], ClusterNamed("a"));
  ASSERT_TRUE(session.Next({{kCds, {"a", "b"}}}, &request));
  EXPECT_EQ(request.response_nonce(), "1");
  EXPECT_EQ(request.version_info(), "v1");
  EXPECT_EQ(request.resource_names_size(), 2);
  EXPECT_FALSE(request.has_error_detail());
  EXPECT_FALSE(request.has_node());
}

TEST(UpstreamSessionTest, RefusesABadResponseAndKeepsTheLastGoodState) {
  ResourcesByType resources;
  UpstreamSession session("node-1", &resources);
  DiscoveryRequest request;
  ASSERT_TRUE(session.Next({{kCds, {"a"}}}, &request));
  ASSERT_TRUE(session.OnResponse(Response("1", {ClusterNamed("a")})));
  ASSERT_TRUE(session.Next({{kCds, {"a"}}}, &request));

  EXPECT_FALSE(session.OnResponse(Response("2", {ClusterNamed("a", 2), "\xff\xff"})));
  EXPECT_EQ(session.nacks(), 1);
  EXPECT_EQ(resources[kCds]["a"], ClusterNamed("a"));
  ASSERT_TRUE(session.Next({{kCds, {"a"}}}, &request));
  EXPECT_EQ(request.response_nonce(), "2");
  EXPECT_EQ(request.version_info(), "v1");
  EXPECT_TRUE(request.has_error_detail());

  EXPECT_FALSE(session.OnResponse(Response("3", {ClusterNamed("a"), ClusterNamed("a")})));
  EXPECT_EQ(session.nacks(), 2);
}

TEST(UpstreamSessionTest, KeepsWhatTheServerLeavesOutAndIgnoresWhatNobodyAskedFor) {
  ResourcesByType resources{{kCds, {{"a", ClusterNamed("a")}}}};
  UpstreamSession session("node-1", &resources);
  DiscoveryRequest request;
  DiscoveryResponse unasked = Response("1", {ClusterNamed("z")});
  EXPECT_FALSE(session.OnResponse(unasked));
  ASSERT_TRUE(session.Next({{kCds, {"a"}}}, &request));
  EXPECT_FALSE(session.OnResponse(Response("1", {})));
  EXPECT_FALSE(session.OnResponse(unasked));
  EXPECT_EQ(resources[kCds], (ResourceMap{{"a", ClusterNamed("a")}}));
}

}  // namespace
}  // namespace trivium::xds
