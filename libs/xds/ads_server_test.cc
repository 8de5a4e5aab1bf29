// The server and the client of this library over a real socket, and raw requests against the server.
#include "libs/xds/ads_server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <thread>

#include "external/envoy/cluster.pb.h"
#include "external/envoy/discovery.grpc.pb.h"
#include "libs/clock/clock.h"
#include "libs/xds/ads_client.h"

namespace trivium::xds {
namespace {

using envoy::service::discovery::v3::AggregatedDiscoveryService;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

const std::string kCds(kClusterType);

std::string ClusterNamed(const std::string& name, int lb_policy = 0) {
  envoy::config::cluster::v3::Cluster cluster;
  cluster.set_name(name);
  cluster.set_lb_policy(static_cast<envoy::config::cluster::v3::Cluster::LbPolicy>(lb_policy));
  return cluster.SerializeAsString();
}

bool Eventually(const std::function<bool()>& done) {
  for (int i = 0; i < 1000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return done();
}

// A server on a port of its own, that can go and come back there.
class Server {
 public:
  explicit Server(ResourceStore& store, AdsServerOptions options = {}, int port = 0) : ads(options, store, metrics) {
    grpc::ServerBuilder builder;
    builder.RegisterService(ads.service());
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &bound_port);
    server = builder.BuildAndStart();
  }
  ~Server() {
    ads.Stop();
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(bound_port); }
  std::unique_ptr<AggregatedDiscoveryService::Stub> Stub() const {
    return AggregatedDiscoveryService::NewStub(grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
  }

  Metrics metrics;
  AdsServer ads;
  int bound_port = 0;
  std::unique_ptr<grpc::Server> server;
};

DiscoveryRequest Subscribe(const std::string& type, const std::vector<std::string>& names) {
  DiscoveryRequest request;
  request.set_type_url(type);
  for (const std::string& name : names) request.add_resource_names(name);
  return request;
}

TEST(AdsServerTest, ClientFollowsChangesAndANameThatAppearsLater) {
  ResourceStore above, below;
  Server server(above);
  Metrics metrics;
  AdsClient client({.address = server.address(), .node_id = "n"}, below, metrics);
  client.Start();
  above.Set({{kCds, {{"a", ClusterNamed("a")}}}}, "1");
  below.NoteWanted(kCds, {"a", "b"});
  ASSERT_TRUE(Eventually([&] { return below.Get()->Find(kCds, "a") != nullptr; }));
  EXPECT_TRUE(client.connected());
  above.Set({{kCds, {{"a", ClusterNamed("a")}, {"b", ClusterNamed("b")}}}}, "2");
  ASSERT_TRUE(Eventually([&] { return below.Get()->Find(kCds, "b") != nullptr; }));
  client.Stop();
}

TEST(AdsServerTest, ClientKeepsTheLastGoodStateAndReconnects) {
  ResourceStore above, below;
  above.Set({{kCds, {{"a", ClusterNamed("a")}}}}, "1");
  auto server = std::make_unique<Server>(above);
  const int port = server->bound_port;
  Metrics metrics;
  AdsClient client({.address = server->address(), .node_id = "n"}, below, metrics);
  below.NoteWanted(kCds, {"a"});
  client.Start();
  ASSERT_TRUE(Eventually([&] { return below.Get()->Find(kCds, "a") != nullptr; }));
  server.reset();
  ASSERT_TRUE(Eventually([&] { return !client.connected(); }));
  EXPECT_NE(below.Get()->Find(kCds, "a"), nullptr);
  above.Set({{kCds, {{"a", ClusterNamed("a", 2)}}}}, "2");
  server = std::make_unique<Server>(above, AdsServerOptions{}, port);
  ASSERT_TRUE(Eventually([&] { return *below.Get()->Find(kCds, "a") == ClusterNamed("a", 2); }));
  client.Stop();
}

TEST(AdsServerTest, ManyStreamsAndManyChangesEndInTheNewestState) {
  ResourceStore above;
  Server server(above);
  constexpr int kClients = 8;
  std::vector<std::unique_ptr<ResourceStore>> stores;
  std::vector<std::unique_ptr<AdsClient>> clients;
  Metrics metrics;
  for (int i = 0; i < kClients; ++i) {
    stores.push_back(std::make_unique<ResourceStore>());
    stores.back()->NoteWanted(kCds, {"a"});
    clients.push_back(std::make_unique<AdsClient>(AdsClientOptions{.address = server.address(), .node_id = "n"},
                                                  *stores.back(), metrics));
    clients.back()->Start();
  }
  for (int i = 0; i <= 100; ++i) above.Set({{kCds, {{"a", ClusterNamed("a", i)}}}}, std::to_string(i));
  for (auto& store : stores) {
    EXPECT_TRUE(Eventually([&] {
      const auto snapshot = store->Get();
      const std::string* a = snapshot->Find(kCds, "a");
      return a != nullptr && *a == ClusterNamed("a", 100);
    }));
  }
  clients.clear();
}

TEST(AdsServerTest, EndsAStreamThatAsksForTooMuchAndServesOthers) {
  ResourceStore store;
  store.Set({{kCds, {{"a", ClusterNamed("a")}}}}, "1");
  Server server(store);
  const auto stub = server.Stub();
  grpc::ClientContext context;
  auto stream = stub->StreamAggregatedResources(&context);
  stream->Write(Subscribe(kCds, std::vector<std::string>(10000, "name")));
  DiscoveryResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);

  grpc::ClientContext other;
  auto good = stub->StreamAggregatedResources(&other);
  good->Write(Subscribe("garbage", {"a"}));
  good->Write(Subscribe(kCds, {"a"}));
  ASSERT_TRUE(good->Read(&response));
  DiscoveryRequest nack = Subscribe(kCds, {"a"});
  nack.set_response_nonce(response.nonce());
  nack.mutable_error_detail()->set_message(std::string(1 << 20, 'e'));
  for (int i = 0; i < 3; ++i) good->Write(nack);
  store.Set({{kCds, {{"a", ClusterNamed("a", 2)}}}}, "2");
  EXPECT_TRUE(good->Read(&response));
  EXPECT_EQ(response.version_info(), "2");
  other.TryCancel();
  good->Finish();
}

TEST(AdsServerTest, RefusesMoreStreamsThanAllowedAndEndsAllOnStop) {
  ResourceStore store;
  store.Set({{kCds, {{"a", ClusterNamed("a")}}}}, "1");
  Server server(store, {.max_streams = 1});
  const auto stub = server.Stub();
  grpc::ClientContext first_context, second_context;
  auto first = stub->StreamAggregatedResources(&first_context);
  first->Write(Subscribe(kCds, {"a"}));
  DiscoveryResponse response;
  ASSERT_TRUE(first->Read(&response));
  auto second = stub->StreamAggregatedResources(&second_context);
  EXPECT_FALSE(second->Read(&response));
  EXPECT_EQ(second->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  server.ads.Stop();
  EXPECT_FALSE(first->Read(&response));
  EXPECT_EQ(first->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace trivium::xds
