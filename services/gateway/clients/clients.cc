#include "services/gateway/clients/clients.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/fanout/history_reader.h"
#include "libs/fanout/presence.h"
#include "libs/log/log.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "services/gateway/clients/ack_command.h"
#include "services/gateway/clients/client.h"
#include "services/gateway/clients/delivery_reporter.h"
#include "services/gateway/clients/floor.h"
#include "services/gateway/clients/metrics.h"
#include "services/gateway/connection/close_code.h"

namespace trivium::gateway {
namespace {

constexpr absl::Duration kDrainStep = absl::Milliseconds(50);
constexpr int kMaxPresenceMisses = 3;  // Refreshes that may be lost before a client counts as gone.

absl::Status NotReady(std::string_view why) { return Error(absl::StatusCode::kUnavailable, "GATEWAY_NOT_READY", why); }

class GatewayClients : public Clients {
 public:
  GatewayClients(ClientsOptions options, const ClientsParts& parts)
      : options_(std::move(options)),
        parts_(parts),
        floor_(parts.clock, parts.metrics, parts.tokens, parts.executor),
        random_(std::random_device{}()) {
    floor_.ended = parts.ended;
  }
  ~GatewayClients() override {
    Stop();
    // What the grace did not close goes with its reactor, while the floor still stands.
    floor_.reactors.reset();
  }

  absl::Status Start();
  absl::Status Adopt(UpgradedSocket socket) override;
  absl::Status Ready() const override;
  void Drain(double per_second, absl::Duration deadline) override;
  int connections() const override { return floor_.reactors->connections(); }
  void Stop() override;

 private:
  ReactorOptions ConnectionOptions() const;
  PushLinkOptions LinkOptions() const;
  FeedBookOptions BookOptions() const;
  redis::SubscriberOptions SubscriberOptions() const;
  void CloseSome(int n) ABSL_EXCLUSIVE_LOCKS_REQUIRED(drain_mu_);
  void RunProbes();
  void Probe();

  const ClientsOptions options_;
  const ClientsParts parts_;
  std::unique_ptr<redis::Client> redis_;
  std::unique_ptr<fanout::HistoryReader> reader_;
  std::unique_ptr<fanout::Presence> presence_;
  Floor floor_;
  std::unique_ptr<DeliveryReporter> reporter_;
  std::atomic<bool> draining_{false};
  mutable Mutex mu_;
  CondVar wake_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status ready_ ABSL_GUARDED_BY(mu_) = NotReady("redis: not asked yet");
  std::thread prober_;
  Mutex drain_mu_;  // One drain at a time.
  std::mt19937_64 random_ ABSL_GUARDED_BY(drain_mu_);
};

absl::Status GatewayClients::Start() {
  TRIVIUM_RETURN_IF_ERROR(Validate(options_));
  Clock& clock = parts_.clock;
  Metrics& metrics = parts_.metrics;
  TRIVIUM_ASSIGN_OR_RETURN(redis_, redis::NewClient(options_.redis, clock, metrics));
  reader_ = fanout::NewHistoryReader(*redis_);
  presence_ = fanout::NewPresence(*redis_);
  floor_.session = options_.session;
  floor_.session.node = options_.instance;
  if (floor_.session.version.empty()) floor_.session.version = "trivium";
  floor_.answer_bytes_max = options_.connection.max_queue_bytes / 4;
  floor_.ids = NewIdGenerator(clock);
  floor_.meters = std::make_unique<AllProductMeters>(metrics);
  floor_.counts = std::make_unique<DeliveryCounts>(options_.report_messages_max, metrics);
  floor_.admission = std::make_unique<Admission>(parts_.profiles);
  floor_.links = std::make_shared<PushLinks>(parts_.push_channel, LinkOptions(), clock, metrics);
  PresenceOptions presence;
  presence.ttl = kMaxPresenceMisses * options_.session.ping_interval;
  presence.redis_timeout = options_.redis_timeout;
  presence.queue_max = options_.work_queue_max;
  floor_.presence = std::make_unique<PresenceKeeper>(presence, *presence_, clock, metrics);
  floor_.token_pool = std::make_unique<WorkerPool>("tokens", options_.token_threads, options_.token_queue_max);
  TRIVIUM_ASSIGN_OR_RETURN(floor_.reactors, ReactorPool::Start(options_.reactors, ConnectionOptions(), clock, metrics));
  floor_.gate->Set(floor_.reactors.get());
  floor_.shards.resize(static_cast<size_t>(floor_.reactors->size()));
  floor_.feeds =
      std::make_unique<FeedBook>(BookOptions(), floor_, *reader_, *floor_.counts, *floor_.meters, clock, metrics);
  TRIVIUM_RETURN_IF_ERROR(floor_.feeds->Start(SubscriberOptions()));
  reporter_ = std::make_unique<DeliveryReporter>(options_.report_interval, *floor_.counts, *floor_.links, clock);
  parts_.executor.RegisterNative(std::string(kAckCommand), AckHandler(floor_.links));
  prober_ = std::thread([this] { RunProbes(); });
  return absl::OkStatus();
}

// Pings and connect are the session's matter: the connection's own stand behind them.
ReactorOptions GatewayClients::ConnectionOptions() const {
  ReactorOptions options = options_.connection;
  options.ping_interval = absl::Hours(24);
  options.connect_timeout = options_.session.connect_timeout + absl::Seconds(1);
  return options;
}

PushLinkOptions GatewayClients::LinkOptions() const {
  PushLinkOptions options;
  options.gateway = options_.instance;
  options.timeout = options_.push_timeout;
  options.batch_window = options_.batch_window;
  options.ack_patience = options_.ack_patience;
  options.room_cache_ttl = options_.room_cache_ttl;
  options.room_cache_max = options_.room_cache_max;
  options.queue_max = options_.work_queue_max;
  options.room_threads = options_.room_threads;
  return options;
}

FeedBookOptions GatewayClients::BookOptions() const {
  FeedBookOptions options;
  options.feed.ring_max = options_.ring_max;
  options.feed.ring_bytes_max = options_.ring_bytes_max;
  options.reactors = floor_.reactors->size();
  options.all_rings_bytes_max = options_.all_rings_bytes_max;
  options.grace = options_.channel_grace;
  options.check_interval = options_.check_interval;
  options.channels_max = options_.channels_max;
  options.redis_timeout = options_.redis_timeout;
  options.queue_max = options_.work_queue_max;
  return options;
}

redis::SubscriberOptions GatewayClients::SubscriberOptions() const {
  redis::SubscriberOptions options;
  options.name = options_.redis.name;
  options.addresses = options_.redis.addresses;
  options.cluster = options_.redis.cluster;
  options.user = options_.redis.user;
  options.password = options_.redis.password;
  options.connect_timeout = options_.redis.connect_timeout;
  return options;
}

absl::Status GatewayClients::Adopt(UpgradedSocket socket) {
  if (draining_) {
    const SharedFrame close = SharedFrame::Close(kCloseShutdown, "shutdown");
    (void)send(socket.fd.get(), close.bytes().data(), close.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return Error(absl::StatusCode::kUnavailable, "SERVER_DRAINING", "gateway: stops, want another one");
  }
  AcceptedSocket accepted;
  accepted.fd = std::move(socket.fd);
  accepted.early_bytes = std::move(socket.early_bytes);
  accepted.peer = std::move(socket.peer);
  accepted.subprotocol = std::move(socket.subprotocol);
  accepted.form = static_cast<int>(socket.form);
  accepted.handler = std::make_unique<Client>(floor_, socket.form, std::move(socket.origin));
  return floor_.reactors->Adopt(std::move(accepted));
}

absl::Status GatewayClients::Ready() const {
  if (draining_) return NotReady("gateway: drains");
  MutexLock lock(mu_);
  return ready_;
}

void GatewayClients::RunProbes() {
  for (;;) {
    Probe();
    MutexLock lock(mu_);
    if (!stopped_) wake_.WaitFor(mu_, options_.probe_interval);
    if (stopped_) return;
  }
}

void GatewayClients::Probe() {
  absl::Status status = redis_->Ready();
  if (!status.ok()) {
    status = NotReady(absl::StrCat("redis: ", status.message()));
  } else if (!floor_.feeds->connected()) {
    status = NotReady("redis: publications do not come, the subscriber is not connected");
  }
  parts_.metrics.GetGauge(kReady).Set(status.ok() ? 1 : 0);
  MutexLock lock(mu_);
  if (status.ok() != ready_.ok()) TRIVIUM_LOG(kInfo, "readiness of the clients' part", {"status", status});
  ready_ = status;
}

void GatewayClients::Drain(double per_second, absl::Duration deadline) {
  draining_ = true;
  MutexLock lock(drain_mu_);
  const absl::Duration until = parts_.clock.Monotonic() + deadline;
  double due = 0;
  for (;;) {
    const absl::Duration left = until - parts_.clock.Monotonic();
    const int open = connections();
    if (open == 0 || left <= absl::ZeroDuration()) return;
    // Half of a step is left to chance, so that gateways that drain together do not beat together.
    const double jitter = std::uniform_real_distribution<double>(0.5, 1.5)(random_);
    const double needed = open / std::max(absl::ToDoubleSeconds(left), 0.001);
    due += std::max(per_second, needed) * absl::ToDoubleSeconds(kDrainStep) * jitter;
    CloseSome(static_cast<int>(due));
    due -= static_cast<int>(due);
    parts_.clock.Sleep(kDrainStep);
  }
}

// Of each reactor its share.
void GatewayClients::CloseSome(int n) {
  const int reactors = floor_.reactors->size();
  for (int reactor = 0; reactor < reactors; ++reactor) {
    const int share = n / reactors + (static_cast<int>(random_() % static_cast<uint64_t>(reactors)) < n % reactors);
    if (share == 0) continue;
    floor_.reactors->Post(reactor, [this, reactor, share, seed = random_()] {
      std::mt19937_64 random(seed);
      auto& clients = floor_.shards[static_cast<size_t>(reactor)].clients;
      // A closing client stays in the list until its socket has gone: some tries find one.
      for (int i = 0; i < share && !clients.empty(); ++i) {
        const size_t start = random() % clients.size();
        for (size_t step = 0; step < clients.size(); ++step) {
          Client& client = *clients[(start + step) % clients.size()];
          if (client.closed()) continue;
          client.Close(protocol::DisconnectCode::kShutdown);
          break;
        }
      }
    });
  }
}

void GatewayClients::Stop() {
  draining_ = true;
  {
    MutexLock lock(mu_);
    if (std::exchange(stopped_, true)) return;
    wake_.NotifyAll();
  }
  if (prober_.joinable()) prober_.join();
  if (floor_.reactors != nullptr) floor_.reactors->Stop(kCloseShutdown, "shutdown", options_.stop_grace);
  floor_.gate->Set(nullptr);
  if (floor_.token_pool != nullptr) floor_.token_pool->Stop();
  if (floor_.feeds != nullptr) floor_.feeds->Stop();
  if (reporter_ != nullptr) reporter_->Stop();
  if (floor_.links != nullptr) floor_.links->Stop();
  if (floor_.presence != nullptr) floor_.presence->Stop();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Clients>> StartClients(ClientsOptions options, const ClientsParts& parts) {
  auto clients = std::make_unique<GatewayClients>(std::move(options), parts);
  TRIVIUM_RETURN_IF_ERROR(clients->Start());
  return clients;
}

}  // namespace trivium::gateway
