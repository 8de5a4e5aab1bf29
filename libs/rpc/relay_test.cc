#include "libs/rpc/relay.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "external/envoy/cluster.pb.h"
#include "external/envoy/discovery.grpc.pb.h"
#include "libs/rpc/relay_state.h"
#include "libs/telemetry/metrics.h"
#include "libs/xds/ads_server.h"

namespace trivium::rpc {
namespace {

using envoy::service::discovery::v3::AggregatedDiscoveryService;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

const std::string kCds(xds::kClusterType);

std::string ClusterNamed(const std::string& name) {
  envoy::config::cluster::v3::Cluster cluster;
  cluster.set_name(name);
  return cluster.SerializeAsString();
}

// Stands for control.
class Control {
 public:
  Control() : ads_({}, store, metrics_) {
    grpc::ServerBuilder builder;
    builder.RegisterService(ads_.service());
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    server_ = builder.BuildAndStart();
  }
  ~Control() {
    ads_.Stop();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port); }

  xds::ResourceStore store;
  int port = 0;

 private:
  Metrics metrics_;
  xds::AdsServer ads_;
  std::unique_ptr<grpc::Server> server_;
};

class RelayTest : public testing::Test {
 protected:
  // Unix socket paths are short: not in TEST_TMPDIR.
  RelayTest() {
    char folder[] = "/tmp/relayXXXXXX";
    folder_ = mkdtemp(folder);
  }
  ~RelayTest() override {
    for (const char* name : {"/state", "/state.new", "/state.damaged", "/sock"}) unlink((folder_ + name).c_str());
    rmdir(folder_.c_str());
  }

  RelayOptions Options(const std::string& control) const {
    return {.control_ads_address = control,
            .socket_path = folder_ + "/sock",
            .state_path = folder_ + "/state",
            .node_id = "payment-\"1\"",
            .cell = "cell-a"};
  }

  // What a client gets that asks for one cluster; "" when nothing comes within the time.
  std::string Ask(const std::string& name, int timeout_ms = 10000) const {
    const auto stub = AggregatedDiscoveryService::NewStub(
        grpc::CreateChannel("unix:" + folder_ + "/sock", grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
    auto stream = stub->StreamAggregatedResources(&context);
    DiscoveryRequest request;
    request.set_type_url(kCds);
    request.add_resource_names(name);
    stream->Write(request);
    DiscoveryResponse response;
    const bool got = stream->Read(&response);
    context.TryCancel();
    stream->Finish();
    return got && response.resources_size() == 1 ? response.resources(0).value() : "";
  }

  bool StateHolds(const std::string& name) const {
    for (int i = 0; i < 500; ++i) {
      const auto text = ReadWholeFile(folder_ + "/state");
      const auto state = DecodeRelayState(text.ok() ? *text : "");
      if (state.ok() && state->contains(kCds) && state->at(kCds).contains(name)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  std::string folder_;
  Metrics metrics_;
};

TEST_F(RelayTest, PassesOnWhatControlSaysAndServesItFromDiskWithoutControl) {
  auto control = std::make_unique<Control>();
  control->store.Set({{kCds, {{"a", ClusterNamed("a")}}}}, "1");
  {
    Relay relay(Options(control->address()), metrics_);
    ASSERT_TRUE(relay.Start().ok());
    EXPECT_EQ(Ask("a"), ClusterNamed("a"));
    EXPECT_TRUE(StateHolds("a"));
    EXPECT_TRUE(relay.upstream_connected());
    control.reset();
    EXPECT_EQ(Ask("a"), ClusterNamed("a"));
  }
  Relay again(Options("127.0.0.1:1"), metrics_);
  ASSERT_TRUE(again.Start().ok());
  EXPECT_EQ(Ask("a"), ClusterNamed("a"));
  EXPECT_FALSE(again.upstream_connected());
}

TEST_F(RelayTest, StartsWithoutADamagedStateAndSetsItAside) {
  const std::string good = EncodeRelayState({{kCds, {{"a", ClusterNamed("a")}}}});
  for (const std::string& text : {std::string("garbage"), good.substr(0, good.size() - 1), good + "x", std::string()}) {
    std::ofstream(folder_ + "/state", std::ios::trunc) << text;
    Relay relay(Options(""), metrics_);
    ASSERT_TRUE(relay.Start().ok());
    EXPECT_EQ(Ask("a", 100), "");
    EXPECT_EQ(access((folder_ + "/state.damaged").c_str(), F_OK), 0);
    EXPECT_NE(access((folder_ + "/state").c_str(), F_OK), 0);
  }
}

TEST_F(RelayTest, PointsGrpcToItsSocketWhichIsPrivate) {
  setenv("GRPC_XDS_BOOTSTRAP", "/nonexistent", 1);
  Relay relay(Options(""), metrics_);
  ASSERT_TRUE(relay.Start().ok());
  EXPECT_EQ(getenv("GRPC_XDS_BOOTSTRAP"), nullptr);
  const std::string bootstrap = getenv("GRPC_XDS_BOOTSTRAP_CONFIG");
  EXPECT_NE(bootstrap.find("unix:" + folder_ + "/sock"), std::string::npos) << bootstrap;
  EXPECT_NE(bootstrap.find("ignore_resource_deletion"), std::string::npos);
  EXPECT_NE(bootstrap.find(R"("locality":{})"), std::string::npos);
  EXPECT_NE(bootstrap.find(R"("payment-\"1\"")"), std::string::npos);
  struct stat file {};
  ASSERT_EQ(stat((folder_ + "/sock").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(RelayTest, ReplacesAStaleSocketAndRefusesATooLongPath) {
  std::ofstream(folder_ + "/sock") << "stale";
  Relay relay(Options(""), metrics_);
  EXPECT_TRUE(relay.Start().ok());
  RelayOptions options = Options("");
  options.socket_path = "/tmp/" + std::string(200, 'x');
  EXPECT_EQ(Relay(options, metrics_).Start().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RelayStateTest, RoundTripsAnyBytes) {
  const xds::ResourcesByType resources = {{"t", {{"n", std::string("\0:\n1", 4)}, {"", ""}}}, {"u", {{"1:", "2:"}}}};
  EXPECT_EQ(DecodeRelayState(EncodeRelayState(resources)).value(), resources);
  EXPECT_EQ(DecodeRelayState(EncodeRelayState({})).value(), xds::ResourcesByType{});
}

}  // namespace
}  // namespace trivium::rpc
