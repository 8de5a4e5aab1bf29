#include "services/gateway/app.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/client_protocol/codes.h"
#include "libs/jwt/verifier.h"
#include "libs/log/log.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/relay.h"
#include "libs/status/status.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/trace.h"
#include "libs/text/view.h"
#include "services/gateway/auth/jwt_token_checker.h"
#include "services/gateway/auth/live_token_keys.h"
#include "services/gateway/auth/revocation_watch.h"
#include "services/gateway/commands/live_command_table.h"
#include "services/gateway/edge/edge.h"
#include "services/gateway/execution/service_caller.h"
#include "services/gateway/profiles/live_profiles.h"

namespace trivium::gateway {
namespace {

constexpr char kPush[] = "push";
constexpr int kPoolThreads = 2;
constexpr size_t kPoolQueue = 1000;
constexpr absl::Duration kRevocationInterval = absl::Seconds(1);
constexpr double kDrainShare = 0.7;  // Of the drain's time, for moving clients; calls finish in the rest.

rpc::RelayOptions RelayOf(const Settings& s) {
  return {.control_ads_address = s.control_ads_address,
          .socket_path = s.state_dir + "/xds.sock",
          .state_path = s.state_dir + "/xds.state",
          .node_id = s.instance_id,
          .cell = s.cell};
}

std::vector<std::string> Kinds() {
  return {std::string(kProfileKind), std::string(kTokenKeysKind), std::string(kCommandKind),
          std::string(kDescriptorsKind)};
}

}  // namespace

struct App::Parts {
  Parts(Settings s, const Surroundings& around, ClientsStarter starter)
      : settings(std::move(s)),
        surroundings(around),
        start_clients(std::move(starter)),
        relay(RelayOf(settings), around.metrics),
        configs(settings.control, Kinds(), around.clock, around.metrics),
        source(NewConfigSource(configs)),
        profiles(*source, around.metrics),
        table(*source, around.metrics),
        limiter(settings.limiter, around.clock, around.metrics),
        access_log(settings.access_log, around.clock, around.metrics),
        caller(
            [this](std::string_view product, std::string_view service, bool repeatable) {
              return rpc::ServiceChannel(product, service, surroundings.tls,
                                         repeatable ? rpc::Repeats::kByRoutePlan : rpc::Repeats::kNever);
            },
            around.metrics),
        pool("requests", kPoolThreads, kPoolQueue),
        executor(settings.calls, {table, profiles, limiter, caller, pool, access_log, around.clock, around.metrics}) {}

  // Profiles and keys first: a command without them is of no use.
  void Refresh() {
    profiles.Refresh();
    keys->Refresh();
    table.Refresh();
  }
  absl::Status StartTokens();
  absl::Status StartConfig();
  absl::Status StartClientsPart();
  absl::Status StartEdge();
  void LogEnd(const ConnectionEnd& end);
  void Adopt(UpgradedConnection upgraded);
  absl::Status Ready() const;

  const Settings settings;
  const Surroundings surroundings;
  const ClientsStarter start_clients;
  rpc::Relay relay;
  control_client::ConfigWatcher configs;
  const std::unique_ptr<ConfigSource> source;
  LiveProfiles profiles;
  LiveCommandTable table;
  std::unique_ptr<jwt::Verifier> verifier;
  std::unique_ptr<LiveTokenKeys> keys;
  std::unique_ptr<RevocationWatch> revocations;
  std::unique_ptr<JwtTokenChecker> tokens;
  Limiter limiter;
  AccessLog access_log;
  GrpcServiceCaller caller;
  WorkerPool pool;  // For long requests.
  CommandExecutor executor;
  std::unique_ptr<Clients> clients;
  std::unique_ptr<Edge> edge;
  bool stopped = false;
};

absl::Status App::Parts::StartTokens() {
  TRIVIUM_ASSIGN_OR_RETURN(verifier, jwt::Verifier::Create({.revocation_path = settings.tokens.revocation_file,
                                                            .clock_skew = settings.tokens.clock_skew},
                                                           surroundings.clock));
  keys = std::make_unique<LiveTokenKeys>(*source, *verifier, surroundings.metrics);
  tokens = std::make_unique<JwtTokenChecker>(*verifier, profiles, surroundings.clock, surroundings.metrics,
                                             settings.tokens.clock_skew, settings.tokens.max_remembered);
  revocations = std::make_unique<RevocationWatch>(*verifier, kRevocationInterval, surroundings.metrics);
  return absl::OkStatus();
}

absl::Status App::Parts::StartConfig() {
  configs.OnChange([this] { Refresh(); });
  TRIVIUM_RETURN_IF_ERROR(configs.Start());
  Refresh();
  return absl::OkStatus();
}

absl::Status App::Parts::StartClientsPart() {
  const ClientsParts parts{
      .tokens = *tokens,
      .profiles = profiles,
      .executor = executor,
      .push_channel =
          [this](const std::string& product) { return rpc::ServiceChannel(product, kPush, surroundings.tls); },
      .clock = surroundings.clock,
      .metrics = surroundings.metrics,
      .ended = [this](const ConnectionEnd& end) { LogEnd(end); }};
  TRIVIUM_ASSIGN_OR_RETURN(clients, start_clients(settings.clients, parts));
  return absl::OkStatus();
}

// A close by the client, and ours because the process goes, are no failures.
void App::Parts::LogEnd(const ConnectionEnd& end) {
  const bool failed = !end.by_client && end.code != static_cast<uint16_t>(protocol::DisconnectCode::kShutdown);
  access_log.Write(TraceContext::NewRoot(), {.what = "connection",
                                             .via = "socket",
                                             .product = end.product,
                                             .status = failed ? absl::AbortedError("closed") : absl::OkStatus(),
                                             .reason = absl::StrCat(end.code, " ", ToAbsl(end.reason)),
                                             .took = end.lasted,
                                             .bytes_in = end.received_bytes,
                                             .bytes_out = end.sent_bytes});
}

absl::Status App::Parts::StartEdge() {
  edge =
      std::make_unique<Edge>(EdgeOptions{settings.http, settings.trusted_proxies, settings.address_limits},
                             Edge::Parts{.connect = {*tokens, profiles, executor, access_log, surroundings.clock},
                                         .adopt = [this](UpgradedConnection upgraded) { Adopt(std::move(upgraded)); },
                                         .ready = [this] { return Ready(); },
                                         .leaving = surroundings.draining,
                                         .metrics = surroundings.metrics});
  return edge->Start();
}

void App::Parts::Adopt(UpgradedConnection upgraded) {
  // The client is told by its close code; the clients' part counts it.
  (void)clients->Adopt({.fd = UniqueFd(upgraded.socket.fd),
                        .early_bytes = std::move(upgraded.socket.received),
                        .peer = std::move(upgraded.socket.peer),
                        .origin = std::move(upgraded.handshake.origin),
                        .subprotocol = std::move(upgraded.handshake.subprotocol),
                        .form = upgraded.handshake.protobuf ? protocol::Form::kProtobuf : protocol::Form::kJson});
}

absl::Status App::Parts::Ready() const {
  TRIVIUM_RETURN_IF_ERROR(configs.Ready());
  if (table.Get()->size() == 0) return absl::UnavailableError("commands: none is published");
  return clients->Ready();
}

App::App(Settings settings, const Surroundings& surroundings, ClientsStarter start_clients)
    : parts_(std::make_unique<Parts>(std::move(settings), surroundings, std::move(start_clients))) {}

App::~App() { Stop(); }

absl::Status App::Start() {
  Parts& p = *parts_;
  TRIVIUM_RETURN_IF_ERROR(p.relay.Start());
  TRIVIUM_RETURN_IF_ERROR(p.StartTokens());
  TRIVIUM_RETURN_IF_ERROR(p.StartConfig());
  TRIVIUM_RETURN_IF_ERROR(p.StartClientsPart());
  return p.StartEdge();
}

void App::Stop() {
  Parts& p = *parts_;
  if (std::exchange(p.stopped, true)) return;
  if (p.edge != nullptr) p.edge->Drain();
  if (p.clients != nullptr) p.clients->Drain(p.settings.drain_per_second, p.settings.drain_timeout * kDrainShare);
  if (p.edge != nullptr) p.edge->Stop(p.settings.drain_timeout * (1 - kDrainShare));
  // Whose answers find no connection any more.
  p.pool.Stop();
  p.caller.Stop();
  if (p.clients != nullptr) p.clients->Stop();
  p.revocations.reset();
  p.configs.Stop();
  p.relay.Stop();
}

absl::Status App::Ready() const { return parts_->Ready(); }

int App::client_port() const { return parts_->edge->port(); }

}  // namespace trivium::gateway
