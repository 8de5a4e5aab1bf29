#include "libs/control_client/control_client.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "libs/clock/clock.h"
#include "libs/control_client/murmur3.h"
#include "libs/rpc/stream.h"
#include "libs/rpc/testing.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/control/v1/config.grpc.pb.h"
#include "trivium/control/v1/registry.grpc.pb.h"
#include "trivium/control/v1/route_plan.grpc.pb.h"

namespace trivium::control_client {
namespace {

using common::v1::ProductProfile;
using control::v1::ConfigItem;
using control::v1::RoutePlan;
using control::v1::WatchConfigsResponse;

constexpr char kKind[] = "product_profile";

rpc::TestPki& Pki() {
  static rpc::TestPki& pki = *new rpc::TestPki;
  return pki;
}

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return false;
}

std::string NewStateDir() {
  std::string folder = std::string(std::getenv("TEST_TMPDIR")) + "/state.XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder;
}

ConfigItem Item(const std::string& name, const std::string& value, int percentage = 100,
                const std::string& previous = "") {
  ConfigItem item;
  item.set_kind(kKind);
  item.set_name(name);
  item.set_percentage(percentage);
  ProductProfile profile;
  profile.set_display_name_en(value);
  item.mutable_value()->PackFrom(profile);
  if (!previous.empty()) {
    profile.set_display_name_en(previous);
    item.mutable_previous_value()->PackFrom(profile);
  }
  return item;
}

// A control that says what the test wants. Thread-safe.
class FakeControl {
 public:
  explicit FakeControl(int port = 0)
      : pool_("worker", 1, 10),
        guard_({}, pool_, Clock::Real(), metrics_),
        configs_(*this),
        routes_(*this),
        registry_(*this) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), rpc::ServerTls(Pki().Service("control")), &port_);
    builder.RegisterService(&configs_);
    builder.RegisterService(&routes_);
    builder.RegisterService(&registry_);
    server_ = builder.BuildAndStart();
  }
  ~FakeControl() {
    guard_.Drain();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  }

  int port() const { return port_; }
  Options ClientOptions(const std::string& state_dir) const {
    return {"127.0.0.1:" + std::to_string(port_), Pki().Service("payment"), state_dir};
  }

  void Publish(ConfigItem item, int64_t revision) {
    MutexLock lock(mu_);
    state_.set_revision(revision);
    WatchConfigsResponse change;
    change.set_revision(revision);
    *change.add_items() = item;
    *state_.add_items() = std::move(item);
    for (const auto& stream : config_streams_) (void)stream->Write(change);
  }
  void Heartbeat(int64_t revision) {
    MutexLock lock(mu_);
    WatchConfigsResponse empty;
    empty.set_revision(revision);
    for (const auto& stream : config_streams_) (void)stream->Write(empty);
  }
  void SetPlan(const RoutePlan& plan) {
    MutexLock lock(mu_);
    plan_ = plan;
    for (const auto& stream : plan_streams_) (void)stream->Write(plan_);
  }
  void EndStreams() {
    MutexLock lock(mu_);
    for (const auto& stream : config_streams_) stream->Finish(absl::UnavailableError("gone"));
    config_streams_.clear();
  }
  std::vector<int64_t> after_revisions() {
    MutexLock lock(mu_);
    return after_;
  }
  std::vector<control::v1::Instance> heard() {
    MutexLock lock(mu_);
    return heard_;
  }
  bool registration_ended() {
    MutexLock lock(mu_);
    return registration_ended_;
  }

 private:
  struct Configs : control::v1::ConfigService::CallbackService {
    explicit Configs(FakeControl& fake) : fake(fake) {}
    grpc::ServerWriteReactor<WatchConfigsResponse>* WatchConfigs(
        grpc::CallbackServerContext* context, const control::v1::WatchConfigsRequest* request) override {
      return rpc::ServeStream<WatchConfigsResponse>(fake.guard_, context,
                                                    "trivium.control.v1.ConfigService/WatchConfigs", [&](auto start) {
                                                      MutexLock lock(fake.mu_);
                                                      fake.after_.push_back(request->after_revision());
                                                      fake.config_streams_.push_back(start.stream);
                                                      // All of it, unless the caller has it.
                                                      WatchConfigsResponse first;
                                                      if (request->after_revision() < fake.state_.revision())
                                                        first = fake.state_;
                                                      first.set_revision(fake.state_.revision());
                                                      (void)start.stream->Write(first);
                                                    });
    }
    FakeControl& fake;
  };
  struct Routes : control::v1::RoutePlanService::CallbackService {
    explicit Routes(FakeControl& fake) : fake(fake) {}
    grpc::ServerWriteReactor<RoutePlan>* WatchRoutePlan(grpc::CallbackServerContext* context,
                                                        const control::v1::WatchRoutePlanRequest*) override {
      return rpc::ServeStream<RoutePlan>(fake.guard_, context, "trivium.control.v1.RoutePlanService/WatchRoutePlan",
                                         [&](auto start) {
                                           MutexLock lock(fake.mu_);
                                           fake.plan_streams_.push_back(start.stream);
                                           (void)start.stream->Write(fake.plan_);
                                         });
    }
    FakeControl& fake;
  };
  struct Registry : control::v1::RegistryService::CallbackService {
    explicit Registry(FakeControl& fake) : fake(fake) {}
    struct Handler : rpc::BidiHandler<control::v1::RegisterRequest> {
      Handler(FakeControl& fake, std::shared_ptr<rpc::OutgoingStream<control::v1::RegisterResponse>> stream)
          : fake(fake), stream(std::move(stream)) {}
      void OnMessage(const control::v1::RegisterRequest& request) override {
        MutexLock lock(fake.mu_);
        fake.heard_.push_back(request.instance());
        control::v1::RegisterResponse response;
        response.set_serving(request.instance().ready());
        (void)stream->Write(response);
      }
      void OnHalfClose() override { stream->Finish(absl::OkStatus()); }
      void OnEnd() override {
        MutexLock lock(fake.mu_);
        fake.registration_ended_ = true;
      }
      FakeControl& fake;
      const std::shared_ptr<rpc::OutgoingStream<control::v1::RegisterResponse>> stream;
    };
    grpc::ServerBidiReactor<control::v1::RegisterRequest, control::v1::RegisterResponse>* Register(
        grpc::CallbackServerContext* context) override {
      return rpc::ServeBidi<control::v1::RegisterRequest, control::v1::RegisterResponse>(
          fake.guard_, context, "trivium.control.v1.RegistryService/Register",
          [this](auto start) { return std::make_unique<Handler>(fake, start.stream); });
    }
    FakeControl& fake;
  };

  Metrics metrics_;
  WorkerPool pool_;
  rpc::CallGuard guard_;
  Mutex mu_;
  WatchConfigsResponse state_ ABSL_GUARDED_BY(mu_);
  RoutePlan plan_ ABSL_GUARDED_BY(mu_);
  std::vector<int64_t> after_ ABSL_GUARDED_BY(mu_);
  std::vector<control::v1::Instance> heard_ ABSL_GUARDED_BY(mu_);
  bool registration_ended_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::shared_ptr<rpc::OutgoingStream<WatchConfigsResponse>>> config_streams_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<rpc::OutgoingStream<RoutePlan>>> plan_streams_ ABSL_GUARDED_BY(mu_);
  Configs configs_;
  Routes routes_;
  Registry registry_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

std::string Value(const ConfigWatcher& watcher, const std::string& name, const std::string& key = "") {
  ProductProfile profile;
  return watcher.Find(kKind, name, key, &profile) ? profile.display_name_en() : "";
}

TEST(ConfigWatcherTest, FollowsControlAndResumesByRevision) {
  Metrics metrics;
  FakeControl control;
  control.Publish(Item("acme", "one"), 5);
  ConfigWatcher watcher(control.ClientOptions(NewStateDir()), {kKind}, Clock::Real(), metrics);
  std::atomic<int> changes{0};
  watcher.OnChange([&] { ++changes; });
  EXPECT_FALSE(watcher.Ready().ok());
  ASSERT_TRUE(watcher.Start().ok());
  EXPECT_TRUE(Eventually([&] { return Value(watcher, "acme") == "one"; }));
  EXPECT_TRUE(watcher.Ready().ok());
  control.Publish(Item("acme", "two"), 6);
  EXPECT_TRUE(Eventually([&] { return Value(watcher, "acme") == "two"; }));
  EXPECT_EQ(watcher.generation(), 2);
  EXPECT_EQ(changes, 2);
  control.EndStreams();
  EXPECT_TRUE(Eventually([&] { return control.after_revisions() == std::vector<int64_t>{0, 6}; }));
  control.Publish(Item("globex", "three"), 7);
  EXPECT_TRUE(Eventually([&] { return Value(watcher, "globex") == "three"; }));
  EXPECT_EQ(watcher.Names(kKind), (std::vector<std::string>{"acme", "globex"}));
  EXPECT_EQ(Value(watcher, "nobody"), "");
  watcher.Stop();
}

TEST(ConfigWatcherTest, StartsFromDiskWithoutControl) {
  Metrics metrics;
  const std::string state_dir = NewStateDir();
  int port = 0;
  {
    FakeControl control;
    port = control.port();
    control.Publish(Item("acme", "kept"), 5);
    ConfigWatcher watcher(control.ClientOptions(state_dir), {kKind}, Clock::Real(), metrics);
    ASSERT_TRUE(watcher.Start().ok());
    EXPECT_TRUE(Eventually([&] { return Value(watcher, "acme") == "kept"; }));
    watcher.Stop();
  }
  ConfigWatcher watcher({"127.0.0.1:" + std::to_string(port), Pki().Service("payment"), state_dir}, {kKind},
                        Clock::Real(), metrics);
  ASSERT_TRUE(watcher.Start().ok());
  EXPECT_EQ(Value(watcher, "acme"), "kept");
  EXPECT_TRUE(watcher.Ready().ok());
  watcher.Stop();
}

TEST(ConfigWatcherTest, ReadsEverythingAgainFromAControlThatForgot) {
  Metrics metrics;
  FakeControl control;
  control.Publish(Item("acme", "old"), 50);
  ConfigWatcher watcher(control.ClientOptions(NewStateDir()), {kKind}, Clock::Real(), metrics);
  ASSERT_TRUE(watcher.Start().ok());
  EXPECT_TRUE(Eventually([&] { return Value(watcher, "acme") == "old"; }));
  control.Heartbeat(3);
  EXPECT_TRUE(Eventually([&] { return control.after_revisions() == std::vector<int64_t>{0, 0}; }));
  watcher.Stop();
}

TEST(ConfigWatcherTest, ReleasesToAShareOfKeysThatOnlyGrows) {
  Metrics metrics;
  std::set<std::string> before;
  for (const int percentage : {0, 1, 30, 100}) {
    FakeControl control;
    control.Publish(Item("acme", "new", percentage, "old"), 1);
    ConfigWatcher watcher(control.ClientOptions(""), {kKind}, Clock::Real(), metrics);
    ASSERT_TRUE(watcher.Start().ok());
    ASSERT_TRUE(Eventually([&] { return watcher.Ready().ok(); }));
    EXPECT_EQ(Value(watcher, "acme"), percentage == 100 ? "new" : "old");
    std::set<std::string> now;
    for (int i = 0; i < 1000; ++i) {
      const std::string key = "u" + std::to_string(i);
      const bool released = Value(watcher, "acme", key) == "new";
      const uint64_t hash = Murmur3(std::string(kKind) + "/acme/" + key);
      EXPECT_EQ(released, static_cast<int>((hash * 100) >> 32) < percentage);
      if (released) now.insert(key);
    }
    EXPECT_NEAR(static_cast<double>(now.size()), percentage * 10, 60);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), before.begin(), before.end()));
    before = now;
    watcher.Stop();
  }
}

RoutePlan Plan(int64_t epoch, const std::string& home, bool drained) {
  RoutePlan plan;
  plan.set_epoch(epoch);
  auto* route = plan.add_routes();
  route->set_product("*");
  route->set_service("payment");
  route->set_epoch(epoch);
  auto* cell = route->add_cells();
  cell->set_cell(home);
  cell->set_drained(drained);
  route->add_cells()->set_cell("backup");
  return plan;
}

TEST(RoutePlanWatcherTest, KnowsTheHomeCellAlsoWithoutControl) {
  Metrics metrics;
  const std::string state_dir = NewStateDir();
  {
    FakeControl control;
    control.SetPlan(Plan(3, "cell-a", false));
    RoutePlanWatcher watcher(control.ClientOptions(state_dir), Clock::Real(), metrics);
    ASSERT_TRUE(watcher.Start().ok());
    EXPECT_TRUE(Eventually([&] { return watcher.HomeOf("acme", "payment").has_value(); }));
    EXPECT_EQ(watcher.HomeOf("acme", "payment")->cell, "cell-a");
    control.SetPlan(Plan(4, "cell-a", true));
    EXPECT_TRUE(Eventually([&] { return watcher.HomeOf("acme", "payment")->cell == "backup"; }));
    EXPECT_FALSE(watcher.HomeOf("acme", "push").has_value());
    watcher.Stop();
  }
  RoutePlanWatcher watcher({"", {}, state_dir}, Clock::Real(), metrics);
  ASSERT_TRUE(watcher.Start().ok());
  EXPECT_EQ(watcher.HomeOf("acme", "payment")->epoch, 4);
}

TEST(RoutePlanWatcherTest, ControlsFirstCellIsHomeWhereNoRouteSays) {
  Metrics metrics;
  FakeControl control;
  RoutePlanWatcher watcher(control.ClientOptions(""), Clock::Real(), metrics);
  EXPECT_TRUE(watcher.IsHome("cell-b", "acme", "push")) << "nothing is known";
  ASSERT_TRUE(watcher.Start().ok());
  RoutePlan plan;
  plan.add_default_cells("cell-a");
  plan.add_default_cells("cell-b");
  control.SetPlan(plan);
  EXPECT_TRUE(Eventually([&] { return !watcher.IsHome("cell-b", "acme", "push"); }));
  EXPECT_TRUE(watcher.IsHome("cell-a", "acme", "push"));
  EXPECT_FALSE(watcher.HomeOf("acme", "push").has_value()) << "no route, so no epoch to write with";
  control.SetPlan(Plan(1, "cell-b", false));
  EXPECT_TRUE(Eventually([&] { return watcher.IsHome("cell-b", "acme", "payment"); }));
  EXPECT_FALSE(watcher.IsHome("cell-a", "acme", "payment"));
}

TEST(RegistrarTest, BeatsTellsReadinessDrainsAndComesBack) {
  Metrics metrics;
  control::v1::Instance instance;
  instance.set_instance_id("payment-1");
  instance.set_service("payment");
  std::atomic<bool> ready{false};
  int port = 0;
  std::unique_ptr<Registrar> registrar;
  {
    FakeControl control;
    port = control.port();
    registrar = std::make_unique<Registrar>(
        control.ClientOptions(""), instance, [&] { return ready.load(); }, Clock::Real(), metrics);
    registrar->Start();
    EXPECT_TRUE(Eventually([&] { return control.heard().size() == 1; }));
    EXPECT_FALSE(control.heard().back().ready());
    ready = true;
    EXPECT_TRUE(Eventually([&] { return control.heard().back().ready(); }));
    EXPECT_TRUE(Eventually([&] { return control.heard().size() >= 4; }));  // Heartbeats.
  }
  FakeControl control(port);
  EXPECT_TRUE(Eventually([&] { return !control.heard().empty() && control.heard().back().ready(); }));
  registrar->Drain();
  EXPECT_TRUE(Eventually([&] { return !control.heard().back().ready(); }));
  EXPECT_FALSE(control.registration_ended());
  registrar->Stop();
  EXPECT_TRUE(Eventually([&] { return control.registration_ended(); }));
}

}  // namespace
}  // namespace trivium::control_client
