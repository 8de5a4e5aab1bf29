#include "services/push/app.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/control_client/control_client.h"
#include "libs/event_feed/event_feed.h"
#include "libs/fanout/history_reader.h"
#include "libs/fanout/presence.h"
#include "libs/fanout/publisher.h"
#include "libs/id/id.h"
#include "libs/kafka/outbox_database.h"
#include "libs/log/log.h"
#include "libs/product_profiles/profile_kind.h"
#include "libs/product_profiles/rate_limits.h"
#include "libs/redis/client.h"
#include "libs/status/status.h"
#include "libs/sync/periodic.h"
#include "services/push/channels.h"
#include "services/push/delivery_service.h"
#include "services/push/direct_publisher.h"
#include "services/push/message_view.h"
#include "services/push/metrics.h"
#include "services/push/profiles.h"
#include "services/push/publisher.h"
#include "services/push/push_service.h"
#include "services/push/recorder.h"
#include "services/push/relay.h"
#include "services/push/store/memory_store.h"
#include "services/push/store/mysql_store.h"
#include "services/push/vendor/vendor.h"
#include "services/push/workers/janitor.h"

namespace trivium::push {
namespace {

// Version of migrations/push that this binary needs, and the newest that it can run with.
constexpr int kSchemaWanted = 2, kSchemaNewest = 3;
constexpr char kServiceName[] = "push";
constexpr absl::Duration kCountEvery = absl::Seconds(5), kPurgeEvery = absl::Minutes(1), kProbeEvery = absl::Seconds(2);

// The options were checked with the config: what is wrong here is a programmer's error.
std::unique_ptr<redis::Client> NewRedis(const redis::ClientOptions& options, Clock& clock, Metrics& metrics) {
  return redis::NewClient(options, clock, metrics).value();
}

std::unique_ptr<Store> NewStore(kafka::OutboxDatabase& database, IdGenerator& ids, Metrics& metrics) {
  if (database.pool() == nullptr) return std::make_unique<MemoryStore>(ids, EventOf);
  return std::make_unique<MysqlStore>(*database.pool(), ids, metrics, EventOf, [&database] { database.Wake(); });
}

}  // namespace

struct App::Parts {
  Parts(const Settings& s, rpc::CallGuard& guard, Clock& c, Metrics& m, Profiles* given_profiles)
      : clock(c),
        metrics(m),
        ids(NewIdGenerator(clock)),
        database({s.mysql, kSchemaWanted, kSchemaNewest, s.kafka_brokers, s.instance_id}, clock, m,
                 [this] { feed.Wake(); }),
        store(NewStore(database, *ids, m)),
        redis(NewRedis(s.redis, clock, m)),
        publisher_of_channels(fanout::NewPublisher({}, *redis, *ids, m).value()),
        histories(fanout::NewHistoryReader(*redis)),
        presence(fanout::NewPresence(*redis)),
        configs(s.control, {kProfileKind}, clock, m),
        plan(s.control, clock, m),
        cell(s.cell),
        config_profiles(NewConfigProfiles(configs)),
        profiles(given_profiles != nullptr ? *given_profiles : *config_profiles),
        limits([this](const std::string& product) { return CallsPerSecond(product); }, clock),
        quotas(clock),
        feed(*store, {.on_readers = [this](int n) { metrics.Watchers(n); },
                      .on_full_readers = [this](int n) { metrics.FullWatchers(n); }}),
        channels({*publisher_of_channels, *histories, *presence, *store, profiles, clock, metrics}),
        recorder(static_cast<size_t>(s.workers.record_queue_max), *store, clock, metrics),
        relay({.threads = s.workers.relay_threads, .home = [this] { return HomeProducts(); }}, *store, channels, clock,
              metrics),
        direct({*redis, channels, recorder, *store, clock, metrics}),
        publisher({*store, channels, direct, relay, profiles, quotas, clock, *ids, metrics}),
        vendor(s.vendor == "log" ? NewLogVendor() : nullptr),
        janitor(s.workers,
                {*store, channels, relay, profiles, vendor.get(), [this] { return configs.Names(kProfileKind); },
                 [this] { return HomeProducts(); }, clock, metrics}),
        push_service({guard, *store, publisher, channels, recorder, profiles, feed, clock, metrics}),
        delivery_service({guard, *store, channels, profiles, feed, clock, metrics}) {}

  std::optional<int> CallsPerSecond(const std::string& product) const {
    const std::shared_ptr<const Profile> profile = profiles.Find(product);
    return profile == nullptr ? std::nullopt : std::optional<int>(profile->max_calls_per_second);
  }

  // Other cells' push shares the database, and each has a Redis of its own.
  Products HomeProducts() {
    std::vector<std::string> home;
    bool all = true;
    for (std::string& product : configs.Names(kProfileKind)) {
      const bool here = plan.IsHome(cell, product, kServiceName);
      all = all && here;
      if (here) home.push_back(std::move(product));
    }
    if (all) return std::nullopt;
    return home;
  }

  bool ProbeRedis() {
    const absl::Status ready = redis->Ready();
    const bool was_ready = std::exchange(redis_ready, ready.ok());
    metrics.RedisReady(ready.ok());
    if (was_ready && !ready.ok())
      TRIVIUM_LOG(kError, "Redis takes no writes: LOSSY and ORDERED messages are refused, RELIABLE ones wait",
                  {"error", ready});
    if (!was_ready && ready.ok()) TRIVIUM_LOG(kInfo, "Redis takes writes again");
    return false;
  }

  void StartWorkers(absl::Duration interval) {
    const auto run = [this](const char* name, absl::Duration pause, std::function<bool()> step) {
      workers.push_back(std::make_unique<Periodic>(name, pause, std::move(step)));
      workers.back()->Start();
    };
    run("repeats", interval, [this] { return janitor.Repeat(); });
    run("expiry", interval, [this] { return janitor.Expire(); });
    run("vendor", interval, [this] { return janitor.HandOver(); });
    run("schedule", interval, [this] { return janitor.Release(); });
    run("purge", kPurgeEvery, [this] { return janitor.Purge(); });
    run("counter", kCountEvery, [this] { return janitor.Count(); });
    run("redis_probe", kProbeEvery, [this] { return ProbeRedis(); });
  }

  Clock& clock;
  PushMetrics metrics;
  const std::unique_ptr<IdGenerator> ids;
  kafka::OutboxDatabase database;
  const std::unique_ptr<Store> store;
  const std::unique_ptr<redis::Client> redis;
  const std::unique_ptr<fanout::Publisher> publisher_of_channels;
  const std::unique_ptr<fanout::HistoryReader> histories;
  const std::unique_ptr<fanout::Presence> presence;
  control_client::ConfigWatcher configs;
  control_client::RoutePlanWatcher plan;
  const std::string cell;
  const std::unique_ptr<Profiles> config_profiles;
  Profiles& profiles;
  ProductLimits limits;
  MessageQuotas quotas;
  EventFeed feed;
  Channels channels;
  Recorder recorder;
  Relay relay;
  DirectPublisher direct;
  Publisher publisher;
  const std::unique_ptr<Vendor> vendor;  // nullptr: none.
  Janitor janitor;
  bool redis_ready = true;  // As the probe saw it last; its own.
  std::vector<std::unique_ptr<Periodic>> workers;
  PushService push_service;
  DeliveryService delivery_service;
};

App::App(Settings settings, rpc::CallGuard& guard, Clock& clock, Metrics& metrics, Profiles* profiles)
    : settings_(std::move(settings)), parts_(std::make_unique<Parts>(settings_, guard, clock, metrics, profiles)) {}

App::~App() { Stop(); }

absl::Status App::Start() {
  Parts& p = *parts_;
  TRIVIUM_RETURN_IF_ERROR(p.configs.Start());
  TRIVIUM_RETURN_IF_ERROR(p.plan.Start());
  TRIVIUM_RETURN_IF_ERROR(p.database.Start());
  p.feed.Start();
  p.recorder.Start();
  p.relay.Start();
  p.StartWorkers(settings_.workers.interval);
  return absl::OkStatus();
}

void App::Stop() {
  Parts& p = *parts_;
  for (const std::unique_ptr<Periodic>& worker : p.workers) worker->Stop();
  p.workers.clear();
  p.relay.Stop();
  p.recorder.Stop();
  p.feed.Stop();
  p.database.Stop();
  p.plan.Stop();
  p.configs.Stop();
}

absl::Status App::Ready() {
  TRIVIUM_RETURN_IF_ERROR(parts_->database.Ready());
  return parts_->configs.Ready();
}

absl::Status App::Admit(std::string_view product) { return parts_->limits.Admit(product); }

grpc::Service* App::push_service() { return &parts_->push_service; }
grpc::Service* App::delivery_service() { return &parts_->delivery_service; }

}  // namespace trivium::push
