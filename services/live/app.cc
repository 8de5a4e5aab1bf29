#include "services/live/app.h"

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/control_client/control_client.h"
#include "libs/event_feed/event_feed.h"
#include "libs/id/id.h"
#include "libs/kafka/outbox_database.h"
#include "libs/product_profiles/profile_kind.h"
#include "libs/product_profiles/rate_limits.h"
#include "libs/redis/client.h"
#include "libs/rpc/relay.h"
#include "libs/status/status.h"
#include "libs/sync/periodic.h"
#include "libs/token_keys/token_keys.h"
#include "services/live/admission/combined_admission.h"
#include "services/live/admission/redis_admission.h"
#include "services/live/cell.h"
#include "services/live/day_counter.h"
#include "services/live/grants/grants.h"
#include "services/live/live_service.h"
#include "services/live/metrics.h"
#include "services/live/profiles.h"
#include "services/live/resume/resume_token.h"
#include "services/live/room_cache.h"
#include "services/live/room_view.h"
#include "services/live/store/memory_store.h"
#include "services/live/store/mysql_store.h"
#include "services/live/workers/announcer.h"
#include "services/live/workers/drainer.h"
#include "services/live/workers/janitor.h"
#include "services/live/workers/keeper.h"
#include "services/live/workers/lifecycle.h"
#include "services/live/workers/push_sender.h"
#include "services/live/workers/sweeper.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::live {
namespace {

// Version of migrations/live that this binary needs, and the newest that it can run with.
constexpr int kSchemaWanted = 3, kSchemaNewest = 4;
constexpr char kServiceName[] = "live";
constexpr absl::Duration kCountEvery = absl::Seconds(1), kCountRoomsEvery = absl::Seconds(5),
                         kAddCountsEvery = absl::Seconds(5), kPurgeEvery = absl::Minutes(1),
                         kAnnounceEvery = absl::Milliseconds(100), kSweepEvery = absl::Seconds(10);

// Calls to push find their way by it.
std::unique_ptr<rpc::Relay> NewRelay(const Settings& s, Metrics& metrics) {
  if (s.control_ads_address.empty()) return nullptr;
  return std::make_unique<rpc::Relay>(rpc::RelayOptions{.control_ads_address = s.control_ads_address,
                                                        .socket_path = s.control.state_dir + "/xds.sock",
                                                        .state_path = s.control.state_dir + "/xds.state",
                                                        .node_id = s.instance_id,
                                                        .cell = s.cell},
                                      metrics);
}

std::unique_ptr<redis::Client> NewRedis(const Settings& s, const Surroundings& given, Clock& clock, Metrics& metrics) {
  // The options were checked with the config: what is wrong here is a programmer's error.
  return given.admission != nullptr ? nullptr : redis::NewClient(s.redis, clock, metrics).value();
}

std::unique_ptr<Admission> NewAdmission(const Settings& s, redis::Client* client) {
  if (client == nullptr) return nullptr;
  return NewRedisAdmission({.cell = s.cell.empty() ? "local" : s.cell, .max_changes = s.max_changes}, *client).value();
}

}  // namespace

struct App::Parts {
  Parts(const Settings& s, rpc::CallGuard& guard, Clock& c, Metrics& m, Surroundings given)
      : clock(c),
        metrics(m),
        ids(NewIdGenerator(clock)),
        database({s.mysql, kSchemaWanted, kSchemaNewest, s.kafka_brokers, s.instance_id}, clock, m, [this] { Tell(); }),
        store(NewStore(m)),
        own_leases(database.lease_store() == nullptr ? ha::NewInMemoryLeaseStore(clock) : nullptr),
        redis(NewRedis(s, given, clock, m)),
        own_admission(NewAdmission(s, redis.get())),
        admission(NewCombinedAdmission({}, given.admission != nullptr ? *given.admission : *own_admission, clock, m)),
        configs(s.control, {kProfileKind, std::string(kTokenKeysKind), std::string(kLiveCapacityKind)}, clock, m),
        plan(s.control, clock, m),
        cell_name(s.cell.empty() ? "local" : s.cell),
        config_profiles(NewConfigProfiles(configs)),
        profiles(given.profiles != nullptr ? *given.profiles : *config_profiles),
        config_capacities(NewConfigCapacities(configs, cell_name)),
        capacities(given.capacities != nullptr ? *given.capacities : *config_capacities),
        relay(NewRelay(s, m)),
        own_sender(given.sender != nullptr ? nullptr : NewPushSender(s.control.tls)),
        limits([this](const std::string& product) { return CallsPerSecond(product); }, clock),
        feed(*store, {.on_readers = [this](int n) { metrics.Watchers(n); },
                      .on_full_readers = [this](int n) { metrics.FullWatchers(n); }}),
        grants(clock),
        products(given.products ? given.products : [this] { return configs.Names(kProfileKind); }),
        keys({.products = [this, named = given.products] { return named ? named() : configs.Names(kTokenKeysKind); },
              .find =
                  given.token_keys
                      ? given.token_keys
                      : [this](const std::string& product,
                               gateway::v1::TokenKeys* out) { return configs.Find(kTokenKeysKind, product, "", out); }},
             grants.verifier(), {}),
        resume_tokens(ResumeTokens::Create(s.resume_keys).value()),
        media_keys(s.media_key, s.media_keys),
        cell({cell_name, *admission, *store, profiles, capacities, [this] { return Products(); }, clock, metrics}),
        rooms(*store, clock),
        counter(*store, metrics),
        drain_leader(absl::StrCat("live.drain.", cell_name), s.instance_id, leases(), clock),
        timetable_leader(absl::StrCat("live.timetable.", cell_name), s.instance_id, leases(), clock),
        announce_leader(absl::StrCat("live.announce.", cell_name), s.instance_id, leases(), clock),
        sweep_leader(absl::StrCat("live.sweep.", cell_name), s.instance_id, leases(), clock),
        drainer(drain_leader, {cell, *store, DayOf(), [this] { Tell(); }, clock, metrics}),
        lifecycle(timetable_leader, {cell, *store, DayOf(), [this](const std::string& p) { return IsHome(p); },
                                     [this] { Tell(); }, clock, metrics}),
        announcer(announce_leader, {*store, rooms, given.sender != nullptr ? *given.sender : *own_sender,
                                    [this] { return HomeProducts(); }, clock, metrics}),
        sweeper(sweep_leader, {cell, *store, DayOf(), [this] { Tell(); }, clock, metrics}),
        keeper({cell, capacities, [this] { return Products(); }, s.max_changes, clock, metrics}),
        janitor(s.workers, *store, counter, clock, metrics),
        service({guard, *store, cell, rooms, profiles, grants, resume_tokens, media_keys, counter, feed, *ids, clock,
                 metrics}) {}

  std::unique_ptr<Store> NewStore(Metrics& m) {
    if (database.pool() == nullptr) return std::make_unique<MemoryStore>(*ids, NewEventEncoder(), [this] { Tell(); });
    return std::make_unique<MysqlStore>(*database.pool(), *ids, m, NewEventEncoder(), [this] { database.Wake(); });
  }
  ha::LeaseStore& leases() { return own_leases != nullptr ? *own_leases : *database.lease_store(); }

  live::DayOf DayOf() {
    return [this](const std::string& product, absl::Time time) { return profiles.FindOrDefault(product)->DayOf(time); };
  }
  // There are new events. Also called while the parts are being made, and by threads that outlive some.
  void Tell() {
    if (!running) return;
    feed.Wake();
    if (announce_worker != nullptr) announce_worker->Wake();
  }

  std::optional<int> CallsPerSecond(const std::string& product) const {
    const std::shared_ptr<const Profile> profile = profiles.Find(product);
    return profile == nullptr ? std::nullopt : std::optional<int>(profile->max_calls_per_second);
  }
  std::vector<std::string> Products() const {
    std::vector<std::string> with_rooms;
    for (std::string& product : products()) {
      if (profiles.Find(product) != nullptr) with_rooms.push_back(std::move(product));
    }
    return with_rooms;
  }
  // Cells share the database, and each has a Redis of its own. Without a plan there is one cell.
  bool IsHome(const std::string& product) const { return plan.IsHome(cell_name, product, kServiceName); }
  std::vector<std::string> HomeProducts() const {
    std::vector<std::string> home = Products();
    std::erase_if(home, [this](const std::string& product) { return !IsHome(product); });
    return home;
  }

  Periodic* Run(const char* name, absl::Duration pause, std::function<bool()> step) {
    workers.push_back(std::make_unique<Periodic>(name, pause, std::move(step)));
    return workers.back().get();
  }
  void StartWorkers(const WorkerOptions& options) {
    Run("capacities", kCountEvery, [this] { return keeper.TellCapacities(); });
    Run("leases", options.interval, [this] { return keeper.ExpireLeases(); });
    Run("queues", options.interval, [this] { return keeper.AdmitWaiting(); });
    Run("counter", kCountEvery, [this] { return keeper.Count(); });
    Run("count_rooms", kCountRoomsEvery, [this] { return keeper.CountRooms(); });
    Run("drain", options.drain_interval, [this] { return drainer.Step(); });
    Run("timetable", options.timetable_interval, [this] { return lifecycle.Step(); });
    announce_worker = Run("announce", kAnnounceEvery, [this] { return announcer.Step(); });
    Run("sweep", kSweepEvery, [this] { return sweeper.Step(); });
    Run("add_counts", kAddCountsEvery, [this] { return janitor.AddCounts(); });
    Run("purge", kPurgeEvery, [this] { return janitor.Purge(); });
    running = true;
    for (const std::unique_ptr<Periodic>& worker : workers) worker->Start();
  }

  Clock& clock;
  LiveMetrics metrics;
  std::atomic<bool> running = false;
  Periodic* announce_worker = nullptr;  // One of workers; set before `running`.
  const std::unique_ptr<IdGenerator> ids;
  kafka::OutboxDatabase database;
  const std::unique_ptr<Store> store;
  const std::unique_ptr<ha::LeaseStore> own_leases;  // nullptr: the database's.
  const std::unique_ptr<redis::Client> redis;        // nullptr: a test's admission.
  const std::unique_ptr<Admission> own_admission;
  const std::unique_ptr<Admission> admission;  // Of both: calls that come together go together.
  control_client::ConfigWatcher configs;
  control_client::RoutePlanWatcher plan;
  const std::string cell_name;
  const std::unique_ptr<Profiles> config_profiles;
  Profiles& profiles;
  const std::unique_ptr<Capacities> config_capacities;
  Capacities& capacities;
  const std::unique_ptr<rpc::Relay> relay;  // nullptr: no xDS.
  const std::unique_ptr<RoomSender> own_sender;
  ProductLimits limits;
  EventFeed feed;
  Grants grants;
  const std::function<std::vector<std::string>()> products;
  TokenKeys keys;
  const ResumeTokens resume_tokens;
  ProductMediaKeys media_keys;
  Cell cell;
  RoomCache rooms;
  DayCounter counter;
  Leader drain_leader, timetable_leader, announce_leader, sweep_leader;
  Drainer drainer;
  Lifecycle lifecycle;
  Announcer announcer;
  Sweeper sweeper;
  Keeper keeper;
  Janitor janitor;
  std::vector<std::unique_ptr<Periodic>> workers;
  LiveService service;
};

App::App(Settings settings, rpc::CallGuard& guard, Clock& clock, Metrics& metrics, Surroundings surroundings)
    : settings_(std::move(settings)), parts_(std::make_unique<Parts>(settings_, guard, clock, metrics, surroundings)) {}

App::~App() { Stop(); }

absl::Status App::Start() {
  Parts& p = *parts_;
  p.configs.OnChange([&p] { p.keys.Refresh(); });
  p.keys.Refresh();
  TRIVIUM_RETURN_IF_ERROR(p.configs.Start());
  TRIVIUM_RETURN_IF_ERROR(p.plan.Start());
  if (p.relay != nullptr) TRIVIUM_RETURN_IF_ERROR(p.relay->Start());
  TRIVIUM_RETURN_IF_ERROR(p.database.Start());
  p.feed.Start();
  p.StartWorkers(settings_.workers);
  return absl::OkStatus();
}

void App::Stop() {
  Parts& p = *parts_;
  p.running = false;
  for (const std::unique_ptr<Periodic>& worker : p.workers) worker->Stop();
  // What the last calls have counted.
  if (!p.workers.empty()) p.janitor.AddCounts();
  p.announce_worker = nullptr;
  p.workers.clear();
  p.feed.Stop();
  p.database.Stop();
  if (p.relay != nullptr) p.relay->Stop();
  p.plan.Stop();
  p.configs.Stop();
}

absl::Status App::Ready() {
  TRIVIUM_RETURN_IF_ERROR(parts_->database.Ready());
  return parts_->configs.Ready();
}

absl::Status App::Admit(std::string_view product) { return parts_->limits.Admit(product); }

grpc::Service* App::service() { return &parts_->service; }

}  // namespace trivium::live
