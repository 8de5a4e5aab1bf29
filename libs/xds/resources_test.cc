#include "libs/xds/resources.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "external/envoy/cluster.pb.h"
#include "external/envoy/endpoint.pb.h"

namespace trivium::xds {
namespace {

TEST(ContentVersionTest, IsEqualForEqualContentAndDiffersOtherwise) {
  const ResourcesByType a = {{"t", {{"n", "x"}}}};
  EXPECT_EQ(ContentVersion(a), ContentVersion({{"t", {{"n", "x"}}}}));
  EXPECT_NE(ContentVersion(a), ContentVersion({{"t", {{"n", "y"}}}}));
  EXPECT_NE(ContentVersion({{"t", {{"ab", "c"}}}}), ContentVersion({{"t", {{"a", "bc"}}}}));
}

TEST(ResourceNameTest, ReadsNamesAndRefusesTheRest) {
  envoy::config::cluster::v3::Cluster cluster;
  cluster.set_name("acme.payment");
  EXPECT_EQ(ResourceName(kClusterType, cluster.SerializeAsString()).value(), "acme.payment");
  envoy::config::endpoint::v3::ClusterLoadAssignment endpoints;
  endpoints.set_cluster_name("acme.payment");
  EXPECT_EQ(ResourceName(kEndpointType, endpoints.SerializeAsString()).value(), "acme.payment");
  EXPECT_FALSE(ResourceName(kClusterType, "\xff\xff").ok());
  EXPECT_FALSE(ResourceName(kClusterType, "").ok());
  EXPECT_FALSE(ResourceName("type.googleapis.com/unknown", cluster.SerializeAsString()).ok());
}

TEST(ResourceStoreTest, WantedNamesGrowToTheLimit) {
  ResourceStore store;
  int calls = 0;
  const auto subscription = store.SubscribeWanted([&] { ++calls; });
  store.NoteWanted(kListenerType, {"a"});
  store.NoteWanted(kListenerType, {"a"});
  EXPECT_EQ(calls, 1);
  std::set<std::string> many;
  for (int i = 0; i < 10000; ++i) many.insert(std::to_string(i));
  store.NoteWanted(kListenerType, many);
  EXPECT_EQ(store.Wanted()[std::string(kListenerType)].size(), kMaxNames);
}

TEST(ResourceStoreTest, NoCallbackRunsAfterItsSubscriptionWent) {
  ResourceStore store;
  std::atomic<bool> stop{false};
  std::thread setter([&] {
    while (!stop) store.Set({}, "v");
  });
  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> gone{false};
    auto subscription = store.Subscribe([&] { EXPECT_FALSE(gone); });
    subscription.reset();
    gone = true;
  }
  stop = true;
  setter.join();
}

}  // namespace
}  // namespace trivium::xds
