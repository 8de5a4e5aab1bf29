#include "services/ops/ops.h"

#include <optional>

#include "libs/clock/clock.h"
#include "libs/control_client/control_client.h"
#include "libs/http/server.h"
#include "libs/kafka/consumer.h"
#include "libs/rpc/relay.h"
#include "libs/status/status.h"
#include "services/ops/activity_feed.h"
#include "services/ops/boards.h"
#include "services/ops/console_api.h"
#include "services/ops/grpc_backends.h"
#include "services/ops/ops_api.h"
#include "services/ops/ops_service.h"
#include "services/ops/prometheus.h"
#include "services/ops/static_site.h"

namespace trivium::ops {
namespace {

constexpr int kSchemaVersion = 1;
constexpr absl::Duration kLastRequests = absl::Milliseconds(300);  // Of connections that stand when the console closes.

rpc::RelayOptions RelayOf(const Settings& s) {
  return {.control_ads_address = s.control_ads_address,
          .socket_path = s.state_dir + "/xds.sock",
          .state_path = s.state_dir + "/xds.state",
          .node_id = s.instance_id,
          .cell = s.cell};
}

http::ServerOptions ConsoleOf(const Settings& s) {
  http::ServerOptions options;
  options.address = s.console_address;
  options.name = "console";
  return options;
}

}  // namespace

struct Ops::Impl {
  Impl(const Settings& s, People::Map people_map, const Surroundings& around)
      : settings(s),
        surroundings(around),
        relay(RelayOf(s), around.metrics),
        profiles({s.control_address, around.tls, s.state_dir}, {kProfileKind}, around.clock, around.metrics),
        products(profiles),
        pool(mysql::NewPool(s.mysql, around.clock, around.metrics)),
        people(std::move(people_map)),
        store(NewMysqlSessionStore(*pool)),
        sessions(s.sessions, people, *store, around.clock, around.metrics),
        prometheus(s.prometheus_url, around.clock, around.metrics),
        payment(NewGrpcPaymentReader(around.tls, around.clock)),
        push(NewGrpcPushReader(around.tls, around.clock)),
        live(NewGrpcLiveReader(around.tls, around.clock)),
        control(NewGrpcControlGateway(s.control_address, around.tls, around.clock)),
        api({boards, products, prometheus, *payment, *push, *live, *control, *pool, around.clock, s.scrape_interval}),
        service(around.guard, api),
        console(ConsoleOf(s), around.metrics) {}

  absl::Status StartFeed() {
    if (settings.kafka_brokers.empty()) return absl::OkStatus();
    TRIVIUM_ASSIGN_OR_RETURN(
        feed, NewActivityFeed(settings.kafka_brokers, settings.instance_id, settings.activity_retention, *pool,
                              surroundings.clock, surroundings.metrics));
    feed->Start();
    return absl::OkStatus();
  }

  absl::Status StartConsole() {
    AddConsoleApi({settings.secure_cookie}, console, surroundings.workers, sessions, api, surroundings.clock);
    if (!settings.console_dir.empty()) AddStaticSite(settings.console_dir, console, surroundings.workers);
    return console.Start();
  }

  const Settings settings;
  const Surroundings surroundings;
  Boards boards{{}};
  rpc::Relay relay;
  control_client::ConfigWatcher profiles;
  ConfigProducts products;
  std::unique_ptr<mysql::Pool> pool;
  People people;
  std::unique_ptr<SessionStore> store;
  Sessions sessions;
  Prometheus prometheus;
  std::unique_ptr<PaymentReader> payment;
  std::unique_ptr<PushReader> push;
  std::unique_ptr<LiveReader> live;
  std::unique_ptr<ControlGateway> control;
  OpsApi api;
  OpsServiceImpl service;
  std::unique_ptr<kafka::Consumer> feed;
  http::Server console;
};

Ops::Ops(const Settings& settings, People::Map people, const Surroundings& surroundings)
    : impl_(std::make_unique<Impl>(settings, std::move(people), surroundings)) {}
Ops::~Ops() = default;

grpc::Service* Ops::service() { return &impl_->service; }

absl::Status Ops::Start() {
  TRIVIUM_ASSIGN_OR_RETURN(impl_->boards, Boards::Read(impl_->settings.boards_file));
  TRIVIUM_RETURN_IF_ERROR(mysql::CheckSchema(*impl_->pool, kSchemaVersion, kSchemaVersion + 1));
  TRIVIUM_RETURN_IF_ERROR(impl_->relay.Start());
  TRIVIUM_RETURN_IF_ERROR(impl_->profiles.Start());
  TRIVIUM_RETURN_IF_ERROR(impl_->StartFeed());
  return impl_->StartConsole();
}

void Ops::CloseConsole() {
  impl_->console.StopAccepting();
  // Who has just connected has not asked yet.
  Clock::Real().Sleep(kLastRequests);
  impl_->console.Stop();
}

void Ops::Stop() {
  impl_->console.Stop();
  if (impl_->feed) impl_->feed->Stop();
  impl_->profiles.Stop();
  impl_->relay.Stop();
}

absl::Status Ops::Ready() { return impl_->pool->Ping(); }

void Ops::ReplacePeople(People::Map people) { impl_->people.Replace(std::move(people)); }

}  // namespace trivium::ops
