#include "services/payment/app.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/http/client.h"
#include "libs/http/server.h"
#include "libs/kafka/outbox_database.h"
#include "libs/log/log.h"
#include "libs/product_profiles/profile_kind.h"
#include "libs/product_profiles/rate_limits.h"
#include "libs/status/status.h"
#include "libs/sync/periodic.h"
#include "libs/sync/worker_pool.h"
#include "services/payment/callbacks.h"
#include "services/payment/payment_service.h"
#include "services/payment/psp/guarded_psp.h"
#include "services/payment/store/memory_store.h"
#include "services/payment/store/mysql_store.h"
#include "trivium/control/v1/route_plan.pb.h"

namespace trivium::payment {
namespace {

// Version of migrations/payment that this binary needs, and the newest that it can run with.
constexpr int kSchemaWanted = 2, kSchemaNewest = 3;
constexpr char kServiceName[] = "payment";
constexpr absl::Duration kCountEvery = absl::Seconds(5), kPurgeEvery = absl::Minutes(1),
                         kTakeOverEvery = absl::Seconds(1);

// A probe costs one thread a time-out at most; and a PSP that is back must not wait long.
constexpr absl::Duration kMaxOpenFor = absl::Seconds(5);

std::unique_ptr<Store> NewStore(kafka::OutboxDatabase& database, IdGenerator& ids, Metrics& metrics) {
  if (database.pool() == nullptr) return std::make_unique<MemoryStore>(ids);
  return std::make_unique<MysqlStore>(*database.pool(), ids, metrics, [&database] { database.Wake(); });
}

}  // namespace

struct App::Parts {
  Parts(Settings s, rpc::CallGuard& guard, WorkerPool& pool, Clock& c, Metrics& m)
      : settings(std::move(s)),
        clock(c),
        raw_metrics(m),
        metrics(m),
        ids(NewIdGenerator(clock)),
        database({settings.mysql, kSchemaWanted, kSchemaNewest, settings.kafka_brokers, settings.instance_id}, clock, m,
                 [this] { feed.Wake(); }),
        store(NewStore(database, *ids, m)),
        configs(settings.control, {kProfileKind}, clock, m),
        plan(settings.control, clock, m),
        profiles(NewConfigProfiles(configs)),
        limits([this](const std::string& product) { return CallsPerSecond(product); }, clock),
        http(settings.psp_connections),
        fencing(*store, [this](const std::string& product) { return EpochOf(product); }),
        resolver(*store, psps, silence, *profiles, fencing, clock, metrics),
        feed(*store, {.on_readers = [this](int n) { metrics.Watchers(n); },
                      .on_full_readers = [this](int n) { metrics.FullWatchers(n); }}),
        callbacks(psps, *store, resolver, clock, metrics),
        callback_pool(pool),
        payment_pool("psp-payments", settings.worker_threads, static_cast<size_t>(settings.workers.batch)),
        refund_pool("psp-refunds", settings.worker_threads, static_cast<size_t>(settings.workers.batch)),
        silent_payment_pool("psp-silent-pay", settings.silent_threads, SilentPlaces()),
        silent_refund_pool("psp-silent-ref", settings.silent_threads, SilentPlaces()),
        janitor(settings.workers, *store, resolver,
                {payment_pool, refund_pool, silent_payment_pool, silent_refund_pool}, clock, metrics),
        refund_sender("refund_sender", settings.worker_interval, [this] { return janitor.FollowRefunds(); }),
        service({guard, *store, psps, *profiles, fencing, resolver, feed, clock, *ids, metrics,
                 [this] { refund_sender.Wake(); }}) {}

  size_t SilentPlaces() const { return static_cast<size_t>(settings.workers.silent_batch); }

  std::optional<int> CallsPerSecond(const std::string& product) const {
    const std::shared_ptr<const Profile> profile = profiles->Find(product);
    return profile == nullptr ? std::nullopt : std::optional<int>(profile->max_calls_per_second);
  }

  std::optional<PlanEpoch> EpochOf(const std::string& product) const {
    const auto home = plan.HomeOf(product, kServiceName);
    if (!home) return std::nullopt;
    return PlanEpoch{home->epoch, plan.Get()->epoch()};
  }

  absl::Status MakePsps() {
    for (const PspSettings& psp : settings.psps) {
      TRIVIUM_ASSIGN_OR_RETURN(
          std::unique_ptr<Psp> adapter,
          sandbox::NewAdapter(
              psp.sandbox, [this](const http::ClientRequest& request) { return http.Send(request); }, clock));
      psps[psp.name] =
          NewGuardedPsp(psp.name, std::move(adapter), {.failures = psp.breaker_failures, .max_open_for = kMaxOpenFor},
                        silence, clock, raw_metrics);
    }
    return absl::OkStatus();
  }

  absl::Status StartCallbacks() {
    callback_server = std::make_unique<http::Server>(
        http::ServerOptions{.address = settings.callback_address, .max_body_bytes = 64 << 10, .name = "callbacks"},
        raw_metrics);
    callbacks.RegisterOn(*callback_server, callback_pool);
    return callback_server->Start();
  }

  // Takes products over whose home this cell has become, before the first call comes.
  bool TakeOver() {
    for (const std::string& product : configs.Names(kProfileKind)) {
      const auto home = plan.HomeOf(product, kServiceName);
      if (!home || home->cell != settings.cell) continue;
      const absl::Status taken = fencing.EpochOf(product, clock.Now() + absl::Seconds(5)).status();
      if (!taken.ok())
        TRIVIUM_LOG(kWarning, "a product could not be taken over: it will be tried again", {"product", product},
                    {"error", taken});
    }
    return false;
  }

  void StartWorkers() {
    refund_sender.Start();
    const auto run = [this](const char* name, absl::Duration pause, std::function<bool()> step) {
      workers.push_back(std::make_unique<Periodic>(name, pause, std::move(step)));
      workers.back()->Start();
    };
    run("janitor", settings.worker_interval, [this] { return janitor.FollowPayments(); });
    run("silent_payments", settings.worker_interval, [this] { return janitor.FollowSilentPayments(); });
    run("silent_refunds", settings.worker_interval, [this] { return janitor.FollowSilentRefunds(); });
    run("purger", kPurgeEvery, [this] { return janitor.Purge(); });
    run("counter", kCountEvery, [this] { return janitor.Count(); });
    run("take_over", kTakeOverEvery, [this] { return TakeOver(); });
  }

  const Settings settings;
  Clock& clock;
  Metrics& raw_metrics;
  PaymentMetrics metrics;
  const std::unique_ptr<IdGenerator> ids;
  kafka::OutboxDatabase database;
  const std::unique_ptr<Store> store;
  control_client::ConfigWatcher configs;
  control_client::RoutePlanWatcher plan;
  const std::unique_ptr<Profiles> profiles;
  ProductLimits limits;
  http::Client http;
  SilenceBook silence;
  Psps psps;
  Fencing fencing;
  Resolver resolver;
  EventFeed feed;
  Callbacks callbacks;
  WorkerPool& callback_pool;
  std::unique_ptr<http::Server> callback_server;
  // Apart, so that refunds do not queue behind questions about payments, nor either behind those that no PSP answers.
  WorkerPool payment_pool, refund_pool, silent_payment_pool, silent_refund_pool;
  Janitor janitor;
  Periodic refund_sender;
  std::vector<std::unique_ptr<Periodic>> workers;  // The others.
  PaymentService service;
};

App::App(Settings settings, rpc::CallGuard& guard, WorkerPool& pool, Clock& clock, Metrics& metrics)
    : parts_(std::make_unique<Parts>(std::move(settings), guard, pool, clock, metrics)) {}

App::~App() { Stop(); }

absl::Status App::Start() {
  Parts& p = *parts_;
  TRIVIUM_RETURN_IF_ERROR(p.MakePsps());
  TRIVIUM_RETURN_IF_ERROR(p.configs.Start());
  TRIVIUM_RETURN_IF_ERROR(p.plan.Start());
  TRIVIUM_RETURN_IF_ERROR(p.database.Start());
  p.feed.Start();
  TRIVIUM_RETURN_IF_ERROR(p.StartCallbacks());
  p.StartWorkers();
  return absl::OkStatus();
}

void App::Stop() {
  Parts& p = *parts_;
  p.refund_sender.Stop();
  for (const std::unique_ptr<Periodic>& worker : p.workers) worker->Stop();
  p.workers.clear();
  if (p.callback_server != nullptr) p.callback_server->Stop();
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

grpc::Service* App::service() { return &parts_->service; }

}  // namespace trivium::payment
