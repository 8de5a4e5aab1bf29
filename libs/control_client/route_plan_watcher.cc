#include <google/protobuf/util/message_differencer.h>
#include <grpcpp/channel.h>

#include <utility>

#include "libs/control_client/control_client.h"
#include "libs/control_client/read_session.h"
#include "libs/control_client/state_file.h"
#include "libs/control_client/watch_loop.h"
#include "libs/log/log.h"
#include "libs/sync/mutex.h"
#include "trivium/control/v1/route_plan.grpc.pb.h"

namespace trivium::control_client {
namespace {

using control::v1::Route;
using control::v1::RoutePlan;
using control::v1::RoutePlanService;
using google::protobuf::util::MessageDifferencer;

constexpr std::string_view kEveryProduct = "*";

// The product's own route, else that of every product.
const Route* FindRoute(const RoutePlan& plan, std::string_view product, std::string_view service) {
  const Route* fallback = nullptr;
  for (const Route& route : plan.routes()) {
    if (route.service() != service) continue;
    if (route.product() == product) return &route;
    if (route.product() == kEveryProduct) fallback = &route;
  }
  return fallback;
}

}  // namespace

struct RoutePlanWatcher::Impl {
  Impl(Options options, Metrics& metrics)
      : options(std::move(options)),
        epoch_gauge(metrics.GetGauge(kRevision, {"route_plan"})),
        loop("route_plan", metrics) {}

  std::string path() const { return options.state_dir.empty() ? "" : options.state_dir + "/route-plan.state"; }
  void Load();
  std::string Follow();
  void Apply(RoutePlan plan);
  void Set(std::shared_ptr<const RoutePlan> plan);

  const Options options;
  Gauge& epoch_gauge;
  std::unique_ptr<RoutePlanService::Stub> stub;
  mutable Mutex mu;
  std::shared_ptr<const RoutePlan> plan ABSL_GUARDED_BY(mu) = std::make_shared<const RoutePlan>();
  std::vector<std::function<void()>> on_change;
  WatchLoop loop;  // Last: its thread uses the rest.
};

RoutePlanWatcher::RoutePlanWatcher(Options options, Clock&, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), metrics)) {}

RoutePlanWatcher::~RoutePlanWatcher() { Stop(); }

absl::Status RoutePlanWatcher::Start() {
  impl_->Load();
  if (impl_->options.control_address.empty()) return absl::OkStatus();
  impl_->stub =
      RoutePlanService::NewStub(rpc::DirectChannel(impl_->options.control_address, kControlName, impl_->options.tls));
  impl_->loop.Start([this] { return impl_->Follow(); });
  return absl::OkStatus();
}

void RoutePlanWatcher::Stop() { impl_->loop.Stop(); }

void RoutePlanWatcher::Impl::Load() {
  auto state = std::make_shared<RoutePlan>();
  if (LoadState(path(), state.get())) Set(std::move(state));
}

std::string RoutePlanWatcher::Impl::Follow() {
  const control::v1::WatchRoutePlanRequest request;
  return FollowStream<RoutePlan>(
      loop,
      [&](grpc::ClientContext* context, auto* reactor) { stub->async()->WatchRoutePlan(context, &request, reactor); },
      [this](RoutePlan plan) {
        Apply(std::move(plan));
        return "";
      });
}

void RoutePlanWatcher::Impl::Apply(RoutePlan fresh) {
  {
    MutexLock lock(mu);
    // A heartbeat repeats the plan. An older one comes from a control that has lost its database: what it says now
    // holds.
    if (MessageDifferencer::Equals(fresh, *plan)) return;
    if (fresh.epoch() < plan->epoch()) {
      log::Write(log::Level::kWarning, "the route plan's epoch went back",
                 {{"from", plan->epoch()}, {"to", fresh.epoch()}});
    }
  }
  const auto shared = std::make_shared<const RoutePlan>(std::move(fresh));
  Set(shared);
  SaveState(path(), *shared);
}

void RoutePlanWatcher::Impl::Set(std::shared_ptr<const RoutePlan> fresh) {
  epoch_gauge.Set(static_cast<double>(fresh->epoch()));
  {
    MutexLock lock(mu);
    plan = std::move(fresh);
  }
  for (const auto& changed : on_change) changed();
}

std::shared_ptr<const RoutePlan> RoutePlanWatcher::Get() const {
  MutexLock lock(impl_->mu);
  return impl_->plan;
}

void RoutePlanWatcher::OnChange(std::function<void()> changed) { impl_->on_change.push_back(std::move(changed)); }

std::optional<RoutePlanWatcher::Home> RoutePlanWatcher::HomeOf(std::string_view product,
                                                               std::string_view service) const {
  const std::shared_ptr<const RoutePlan> plan = Get();
  const Route* route = FindRoute(*plan, product, service);
  if (route == nullptr) return std::nullopt;
  for (const control::v1::RouteCell& cell : route->cells()) {
    if (!cell.drained()) return Home{cell.cell(), route->epoch()};
  }
  return std::nullopt;
}

bool RoutePlanWatcher::IsHome(std::string_view cell, std::string_view product, std::string_view service) const {
  if (const std::optional<Home> home = HomeOf(product, service)) return home->cell == cell;
  const std::shared_ptr<const RoutePlan> plan = Get();
  return plan->default_cells().empty() || plan->default_cells(0) == cell;
}

}  // namespace trivium::control_client
