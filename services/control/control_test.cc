// The whole service in one process, over mTLS, with the store in memory.
#include "services/control/control.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <thread>

#include "external/envoy/discovery.grpc.pb.h"
#include "external/envoy/endpoint.pb.h"
#include "libs/rpc/testing.h"
#include "libs/rpc/tls.h"
#include "libs/rpc/wire_status.h"
#include "libs/status/error.h"
#include "libs/sync/worker_pool.h"
#include "services/control/kinds/testing.h"
#include "services/control/store/memory_store.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::control {
namespace {

using envoy::service::discovery::v3::AggregatedDiscoveryService;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

bool Eventually(const std::function<bool()>& done) {
  for (int i = 0; i < 1000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return done();
}

// A replica of control on free ports.
class Replica {
 public:
  Replica(const std::string& id, Store& store, rpc::TestPki& pki)
      : pool_("control", 8, 100),
        guard_({}, pool_, Clock::Real(), metrics),
        control(MakeSettings(id), store, guard_, Clock::Real(), metrics, [this] { return draining_.load(); }) {
    grpc::ServerBuilder builder;
    for (grpc::Service* service : control.services()) builder.RegisterService(service);
    builder.AddListeningPort("127.0.0.1:0", rpc::ServerTls(pki.Service("control")), &port_);
    EXPECT_EQ(control.Start(), absl::OkStatus());
    server_ = builder.BuildAndStart();
  }
  ~Replica() {
    draining_ = true;
    control.Drain();
    guard_.Drain();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    control.Stop();
  }
  std::shared_ptr<grpc::Channel> Channel(const rpc::TlsFiles& files) const {
    return grpc::CreateChannel("127.0.0.1:" + std::to_string(port_), rpc::ClientTls(files));
  }

  int port() const { return port_; }

  Metrics metrics;

 private:
  static Settings MakeSettings(const std::string& id) {
    return {.instance_id = id,
            .ads_address = "127.0.0.1:0",
            .ads_max_streams = 100,
            .cells = {"cell-a", "cell-b"},
            .services = {"payment", "push"},
            .instance_silence = absl::Seconds(3),
            .start_grace = absl::Seconds(3)};
  }

  std::atomic<bool> draining_{false};
  WorkerPool pool_;
  rpc::CallGuard guard_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

 public:
  Control control;
};

rpc::TestPki& Pki() {
  static auto* pki = new rpc::TestPki;
  return *pki;
}

class ControlTest : public testing::Test {
 protected:
  ControlTest()
      : store_(NewMemoryStore(Clock::Real())), replica_(std::make_unique<Replica>("control-1", *store_, Pki())) {
    Connect();
  }

  void Connect() {
    const auto channel = replica_->Channel(Pki().Operator("dev"));
    configs_ = v1::ConfigService::NewStub(channel);
    plan_ = v1::RoutePlanService::NewStub(channel);
  }

  static v1::PublishConfigRequest Profile(const std::string& request_id, const std::string& product,
                                          int commission = 100) {
    common::v1::ProductProfile profile;
    profile.set_display_name_zh("示例");
    profile.set_display_name_en(product);
    profile.set_time_zone("UTC");
    profile.mutable_payment()->add_currency_codes("CNY");
    profile.mutable_payment()->set_psp("sandbox");
    profile.mutable_payment()->set_commission_bps(commission);
    v1::PublishConfigRequest request;
    request.set_request_id(request_id);
    request.set_kind("product_profile");
    request.set_name(product);
    request.mutable_value()->PackFrom(profile);
    request.set_reason("test");
    return request;
  }
  absl::Status Publish(const v1::PublishConfigRequest& request, v1::ConfigItem* item = nullptr) {
    grpc::ClientContext context;
    v1::ConfigItem ignored;
    return rpc::FromGrpcStatus(configs_->PublishConfig(&context, request, item != nullptr ? item : &ignored));
  }
  absl::Status SetRoute(const std::string& request_id, const std::string& product,
                        const std::vector<std::string>& cells, int64_t epoch = 0, v1::RoutePlan* plan = nullptr) {
    v1::SetRouteRequest request;
    request.set_request_id(request_id);
    request.set_product(product);
    request.set_service("payment");
    for (const std::string& cell : cells) request.add_cells()->set_cell(cell);
    request.set_reason("test");
    request.set_expected_epoch(epoch);
    grpc::ClientContext context;
    v1::RoutePlan ignored;
    return rpc::FromGrpcStatus(plan_->SetRoute(&context, request, plan != nullptr ? plan : &ignored));
  }

  // An instance of payment that heartbeats until it goes.
  class Instance {
   public:
    Instance(Replica& replica, const std::string& id, const std::string& cell, int port)
        : stub_(v1::RegistryService::NewStub(replica.Channel(Pki().Service("payment")))),
          stream_(stub_->Register(&context_)) {
      v1::Instance* instance = request_.mutable_instance();
      instance->set_instance_id(id);
      instance->set_service("payment");
      instance->set_cell(cell);
      instance->set_address("127.0.0.1:" + std::to_string(port));
      instance->set_ready(true);
      Beat();
    }
    void Beat() {
      v1::RegisterResponse response;
      EXPECT_TRUE(stream_->Write(request_));
      EXPECT_TRUE(stream_->Read(&response));
      EXPECT_TRUE(response.serving());
    }
    ~Instance() { context_.TryCancel(); }

   private:
    grpc::ClientContext context_;
    std::unique_ptr<v1::RegistryService::Stub> stub_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::RegisterRequest, v1::RegisterResponse>> stream_;
    v1::RegisterRequest request_;
  };

  // Ports by priority that ADS says now, "1001,1002|1003"; "" when there is no answer within the time.
  static std::string Endpoints(const Replica& replica, const std::string& cluster, int timeout_ms = 2000) {
    const auto stub = AggregatedDiscoveryService::NewStub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(replica.control.ads_port()), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
    auto stream = stub->StreamAggregatedResources(&context);
    DiscoveryRequest request;
    request.set_type_url(std::string(xds::kEndpointType));
    request.add_resource_names(cluster);
    stream->Write(request);
    DiscoveryResponse response;
    std::string ports;
    if (stream->Read(&response)) {
      envoy::config::endpoint::v3::ClusterLoadAssignment assignment;
      EXPECT_TRUE(response.resources(0).UnpackTo(&assignment));
      for (const auto& locality : assignment.endpoints()) {
        if (locality.priority() > 0) ports += "|";
        for (int i = 0; i < locality.lb_endpoints_size(); ++i) {
          ports += (i > 0 ? "," : "") +
                   std::to_string(locality.lb_endpoints(i).endpoint().address().socket_address().port_value());
        }
      }
    }
    context.TryCancel();
    stream->Finish();
    return ports;
  }

  std::unique_ptr<Store> store_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<v1::ConfigService::Stub> configs_;
  std::unique_ptr<v1::RoutePlanService::Stub> plan_;
};

TEST_F(ControlTest, PublishesOnceForARequestIdAndNamesTheFieldOfAReusedOne) {
  v1::ConfigItem first, again;
  ASSERT_EQ(Publish(Profile("request-1", "acme"), &first), absl::OkStatus());
  ASSERT_EQ(Publish(Profile("request-1", "acme"), &again), absl::OkStatus());
  EXPECT_EQ(first.version(), 1);
  EXPECT_EQ(first.actor(), "operator:dev");
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  const absl::Status reused = Publish(Profile("request-1", "acme", 200));
  EXPECT_EQ(ReasonOf(reused), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(MetadataOf(reused, "field"), "value");

  v1::PublishConfigRequest conflict = Profile("request-2", "acme", 300);
  conflict.set_expected_version(7);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ReasonOf(Publish(conflict)), "VERSION_CONFLICT");
}

TEST_F(ControlTest, CommandsAreCheckedAgainstWhatIsPublished) {
  const auto publish = [&](const std::string& id, const std::string& kind, const std::string& name,
                           const google::protobuf::Message& value) {
    v1::PublishConfigRequest request;
    request.set_request_id(id);
    request.set_kind(kind);
    request.set_name(name);
    request.mutable_value()->PackFrom(value);
    request.set_reason("test");
    return Publish(request);
  };
  gateway::v1::Command command = GoodCommand();
  command.set_method("Nonsense");
  EXPECT_EQ(publish("request-1", "command", "config.old", command), absl::OkStatus()) << "no descriptors yet";
  const absl::Status kept = publish("request-2", "api_descriptors", "platform", GoodDescriptors());
  EXPECT_NE(kept.message().find("command config.old"), std::string::npos) << kept;
  command.mutable_disabled()->set_message("gone");
  EXPECT_EQ(publish("request-3", "command", "config.old", command), absl::OkStatus());
  EXPECT_EQ(publish("request-4", "api_descriptors", "platform", GoodDescriptors()), absl::OkStatus());
  command = GoodCommand();
  command.set_method("WatchConfigs");
  command.set_product("globex");
  const absl::Status wrong = publish("request-5", "command", "config.read", command);
  for (const char* field : {"value.method:", "value.product:", "value.number:"}) {
    EXPECT_NE(wrong.message().find(field), std::string::npos) << wrong;
  }
  // A rollback is checked, too: the first version's method is in no descriptors.
  v1::RollbackConfigRequest rollback;
  rollback.set_request_id("request-6");
  rollback.set_kind("command");
  rollback.set_name("config.old");
  rollback.set_to_version(1);
  rollback.set_reason("test");
  grpc::ClientContext context;
  v1::ConfigItem item;
  const absl::Status rolled = rpc::FromGrpcStatus(configs_->RollbackConfig(&context, rollback, &item));
  EXPECT_NE(rolled.message().find("value.method:"), std::string::npos) << rolled;

  v1::ListAuditEntriesRequest list;
  list.set_object("config/api_descriptors/platform");
  v1::ListAuditEntriesResponse audit;
  grpc::ClientContext audit_context;
  ASSERT_TRUE(plan_->ListAuditEntries(&audit_context, list, &audit).ok());
  ASSERT_EQ(audit.entries_size(), 1);
  EXPECT_LT(audit.entries(0).after_json().size(), 1000u) << "audit rows and their events stay small";
}

TEST_F(ControlTest, ValidatesOnlyWithoutATrace) {
  v1::PublishConfigRequest request = Profile("request-1", "acme");
  request.set_validate_only(true);
  v1::ConfigItem item;
  ASSERT_EQ(Publish(request, &item), absl::OkStatus());
  EXPECT_EQ(item.version(), 1) << "the version that it would make";
  request.set_percentage(50);
  EXPECT_NE(Publish(request).message().find("percentage: 50"), std::string::npos) << "nothing was published before";

  request.set_validate_only(false);
  request.set_percentage(0);
  ASSERT_EQ(Publish(request, &item), absl::OkStatus()) << "the request_id was not kept";
  EXPECT_EQ(item.version(), 1);
  request = Profile("request-2", "acme", 200);
  request.set_validate_only(true);
  request.set_expected_version(7);
  EXPECT_EQ(ReasonOf(Publish(request)), "VERSION_CONFLICT");
  v1::ListAuditEntriesResponse audit;
  grpc::ClientContext context;
  ASSERT_TRUE(plan_->ListAuditEntries(&context, {}, &audit).ok());
  EXPECT_EQ(audit.entries_size(), 1) << "the one that was published";
}

TEST_F(ControlTest, HistoryAndRollback) {
  ASSERT_EQ(Publish(Profile("request-1", "acme", 1)), absl::OkStatus());
  ASSERT_EQ(Publish(Profile("request-2", "acme", 2)), absl::OkStatus());
  v1::RollbackConfigRequest rollback;
  rollback.set_request_id("request-3");
  rollback.set_kind("product_profile");
  rollback.set_name("acme");
  rollback.set_to_version(1);
  rollback.set_reason("was wrong");
  v1::ConfigItem item;
  grpc::ClientContext context;
  ASSERT_TRUE(configs_->RollbackConfig(&context, rollback, &item).ok());
  EXPECT_EQ(item.version(), 3);
  common::v1::ProductProfile profile;
  ASSERT_TRUE(item.value().UnpackTo(&profile));
  EXPECT_EQ(profile.payment().commission_bps(), 1);
  rollback.set_request_id("request-4");
  rollback.set_to_version(9);
  grpc::ClientContext missing;
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(configs_->RollbackConfig(&missing, rollback, &item))), "CONFIG_NOT_FOUND");

  v1::ListConfigVersionsRequest list;
  list.set_kind("product_profile");
  list.set_name("acme");
  list.set_page_size(2);
  v1::ListConfigVersionsResponse page, rest;
  grpc::ClientContext page_context, rest_context, bad_context;
  ASSERT_TRUE(configs_->ListConfigVersions(&page_context, list, &page).ok());
  ASSERT_EQ(page.versions_size(), 2);
  EXPECT_EQ(page.versions(0).version(), 3);
  list.set_page_token(page.next_page_token());
  ASSERT_TRUE(configs_->ListConfigVersions(&rest_context, list, &rest).ok());
  EXPECT_EQ(rest.versions_size(), 1);
  EXPECT_EQ(rest.next_page_token(), "");
  list.set_name("globex");
  EXPECT_EQ(configs_->ListConfigVersions(&bad_context, list, &rest).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ControlTest, WatchersSeeWhatIsNewFromTheirRevision) {
  ASSERT_EQ(Publish(Profile("request-1", "acme")), absl::OkStatus());
  v1::WatchConfigsRequest request;
  request.add_kinds("product_profile");
  grpc::ClientContext context;
  auto stream = configs_->WatchConfigs(&context, request);
  v1::WatchConfigsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.items_size(), 1);
  const absl::Time before = absl::Now();
  ASSERT_EQ(Publish(Profile("request-2", "globex")), absl::OkStatus());
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.items_size(), 1);
  EXPECT_EQ(response.items(0).name(), "globex");
  EXPECT_EQ(response.revision(), 2);
  RecordProperty("push_ms", static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - before)));
  context.TryCancel();
  stream->Finish();

  request.set_after_revision(1);
  grpc::ClientContext later;
  stream = configs_->WatchConfigs(&later, request);
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.items_size(), 1);
  EXPECT_EQ(response.items(0).name(), "globex");
  later.TryCancel();
  stream->Finish();

  // A revision of another life of the database: everything, after a look at the store.
  request.set_after_revision(1000);
  grpc::ClientContext stale;
  stream = configs_->WatchConfigs(&stale, request);
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.items_size(), 2);
  stale.TryCancel();
  stream->Finish();
}

TEST_F(ControlTest, RoutesFollowTheRules) {
  EXPECT_EQ(SetRoute("request-1", "acme", {"cell-a"}).code(), absl::StatusCode::kInvalidArgument) << "no such product";
  ASSERT_EQ(Publish(Profile("request-2", "acme")), absl::OkStatus());
  v1::RoutePlan plan;
  ASSERT_EQ(SetRoute("request-3", "acme", {"cell-b", "cell-a"}, 0, &plan), absl::OkStatus());
  EXPECT_EQ(plan.epoch(), 1);
  EXPECT_EQ(plan.routes(0).cells(0).cell(), "cell-b");
  EXPECT_THAT(plan.default_cells(), ::testing::ElementsAre("cell-a", "cell-b"));
  EXPECT_EQ(ReasonOf(SetRoute("request-4", "acme", {"cell-a"}, 9)), "EPOCH_CONFLICT");
  grpc::ClientContext watch_context;
  auto stream = plan_->WatchRoutePlan(&watch_context, {});
  ASSERT_TRUE(stream->Read(&plan));
  ASSERT_EQ(SetRoute("request-5", "*", {"cell-a"}, 1), absl::OkStatus());
  ASSERT_TRUE(stream->Read(&plan));
  EXPECT_EQ(plan.epoch(), 2);
  EXPECT_THAT(plan.default_cells(), ::testing::ElementsAre("cell-a", "cell-b"));
  watch_context.TryCancel();
  stream->Finish();

  v1::DeleteRouteRequest remove;
  remove.set_request_id("request-6");
  remove.set_product("acme");
  remove.set_service("payment");
  remove.set_reason("test");
  grpc::ClientContext context, again_context;
  ASSERT_TRUE(plan_->DeleteRoute(&context, remove, &plan).ok());
  EXPECT_EQ(plan.routes_size(), 1);
  remove.set_request_id("request-7");
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(plan_->DeleteRoute(&again_context, remove, &plan))), "ROUTE_NOT_FOUND");

  v1::ListAuditEntriesResponse audit;
  v1::ListAuditEntriesRequest list;
  list.set_object("route/acme/payment");
  grpc::ClientContext audit_context;
  ASSERT_TRUE(plan_->ListAuditEntries(&audit_context, list, &audit).ok());
  ASSERT_EQ(audit.entries_size(), 2);
  EXPECT_EQ(audit.entries(0).action(), "DeleteRoute");
  EXPECT_NE(audit.entries(1).after_json().find("cell-b"), std::string::npos);
  EXPECT_EQ(audit.entries(1).trace_id().size(), 32u);
}

TEST_F(ControlTest, ACanaryStaysUntilSomebodyNamesIt) {
  ASSERT_EQ(Publish(Profile("request-1", "acme")), absl::OkStatus());
  const auto set = [&](const std::string& id, const std::optional<v1::Canary>& canary) {
    v1::SetRouteRequest request;
    request.set_request_id(id);
    request.set_product("acme");
    request.set_service("payment");
    request.set_reason("test");
    v1::RouteCell* cell = request.add_cells();
    cell->set_cell("cell-a");
    if (canary) *cell->mutable_canary() = *canary;
    v1::RoutePlan plan;
    grpc::ClientContext context;
    EXPECT_TRUE(plan_->SetRoute(&context, request, &plan).ok());
    return plan.routes(0).cells(0);
  };
  v1::Canary canary;
  canary.set_version("2");
  canary.set_percent(5);
  EXPECT_FALSE(set("request-2", std::nullopt).has_canary());
  EXPECT_EQ(set("request-3", canary).canary().percent(), 5);
  v1::RoutePlan plan;
  ASSERT_EQ(SetRoute("request-4", "acme", {"cell-b", "cell-a"}, 0, &plan), absl::OkStatus());
  EXPECT_FALSE(plan.routes(0).cells(0).has_canary());
  EXPECT_EQ(plan.routes(0).cells(1).canary().version(), "2") << "who moves traffic need not know of it";
  EXPECT_FALSE(set("request-5", v1::Canary()).has_canary());
}

TEST_F(ControlTest, EndpointsFollowPlanAndRegistry) {
  ASSERT_EQ(Publish(Profile("request-1", "acme")), absl::OkStatus());
  Instance a(*replica_, "payment-a1", "cell-a", 1001), b(*replica_, "payment-b1", "cell-b", 1002);
  EXPECT_TRUE(Eventually([&] { return Endpoints(*replica_, "acme.payment") == "1001|1002"; }));
  ASSERT_EQ(SetRoute("request-2", "acme", {"cell-b", "cell-a"}), absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return Endpoints(*replica_, "acme.payment") == "1002|1001"; }));
  {
    Instance more(*replica_, "payment-b2", "cell-b", 1003);
    EXPECT_TRUE(Eventually([&] { return Endpoints(*replica_, "acme.payment") == "1002,1003|1001"; }));
  }
  EXPECT_TRUE(Eventually([&] { return Endpoints(*replica_, "acme.payment") == "1002|1001"; })) << "its stream ended";
}

TEST_F(ControlTest, SilentInstancesAreKeptWhenAllAreSilent) {
  ASSERT_EQ(Publish(Profile("request-1", "acme")), absl::OkStatus());
  Instance silent(*replica_, "payment-a1", "cell-a", 1001);
  std::this_thread::sleep_for(std::chrono::milliseconds(3500));
  EXPECT_EQ(Endpoints(*replica_, "acme.payment"), "1001");
  EXPECT_NE(replica_->metrics.Expose().find("trivium_control_registry_all_expired 1"), std::string::npos);
  Instance loud(*replica_, "payment-a2", "cell-a", 1002);
  EXPECT_TRUE(Eventually([&] { return Endpoints(*replica_, "acme.payment") == "1002"; }));
}

TEST_F(ControlTest, ARestartKeepsTheEndpointsAndTheStreamsEndIsNoLoss) {
  ASSERT_EQ(Publish(Profile("request-1", "acme")), absl::OkStatus());
  Instance a(*replica_, "payment-a1", "cell-a", 1001), b(*replica_, "payment-b1", "cell-b", 1002);
  ASSERT_TRUE(Eventually([&] { return store_->LoadInstances(absl::Now() + absl::Seconds(1))->size() == 2; }));
  replica_.reset();
  replica_ = std::make_unique<Replica>("control-1", *store_, Pki());
  EXPECT_EQ(Endpoints(*replica_, "acme.payment"), "1001|1002");
  Instance again(*replica_, "payment-a1", "cell-a", 1001);
  EXPECT_EQ(Endpoints(*replica_, "acme.payment"), "1001|1002");
}

TEST_F(ControlTest, TwoReplicasConverge) {
  Replica other("control-2", *store_, Pki());
  ASSERT_EQ(Publish(Profile("request-1", "acme")), absl::OkStatus());
  {
    Instance a(*replica_, "payment-a1", "cell-a", 1001), b(*replica_, "payment-b1", "cell-b", 1002);
    EXPECT_TRUE(Eventually([&] { return Endpoints(other, "acme.payment") == "1001|1002"; }));
    ASSERT_EQ(SetRoute("request-2", "acme", {"cell-b"}), absl::OkStatus());
    EXPECT_TRUE(Eventually([&] { return Endpoints(other, "acme.payment") == "1002"; }));
    EXPECT_EQ(Endpoints(*replica_, "acme.payment"), "1002");
  }
  EXPECT_TRUE(Eventually([&] {
    const auto states = other.control.state().instances();
    return states.size() == 2 && !states[0].alive && !states[1].alive;
  }));
  EXPECT_EQ(Endpoints(other, "acme.payment"), "1002") << "never an empty cluster";
}

TEST_F(ControlTest, RefusesStrangersAndForeignInstances) {
  v1::GetConfigRequest get;
  get.set_kind("product_profile");
  get.set_name("acme");
  v1::ConfigItem item;
  std::ifstream ca(Pki().ca_file());
  grpc::SslCredentialsOptions nobody;
  nobody.pem_root_certs.assign(std::istreambuf_iterator<char>(ca), {});
  grpc::ClientContext anonymous, product;
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(replica_->port()), grpc::SslCredentials(nobody));
  EXPECT_EQ(v1::ConfigService::NewStub(channel)->GetConfig(&anonymous, get, &item).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(v1::ConfigService::NewStub(replica_->Channel(Pki().Product("acme")))
                ->GetConfig(&product, get, &item)
                .error_code(),
            grpc::StatusCode::PERMISSION_DENIED);

  const auto refused = [&](const std::string& service, const std::string& address) {
    grpc::ClientContext context;
    const auto stub = v1::RegistryService::NewStub(replica_->Channel(Pki().Service("payment")));
    auto stream = stub->Register(&context);
    v1::RegisterRequest request;
    request.mutable_instance()->set_instance_id("x-1");
    request.mutable_instance()->set_service(service);
    request.mutable_instance()->set_cell("cell-a");
    request.mutable_instance()->set_address(address);
    stream->Write(request);
    v1::RegisterResponse response;
    EXPECT_FALSE(stream->Read(&response));
    return stream->Finish().error_code();
  };
  EXPECT_EQ(refused("push", "127.0.0.1:1"), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(refused("payment", "localhost:1"), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(replica_->control.state().instances().empty());
}

}  // namespace
}  // namespace trivium::control
