#include "services/gateway/settings.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/config/checks.h"
#include "libs/redis/redis_options.h"
#include "services/gateway/config.pb.h"

namespace trivium::gateway {
namespace {

constexpr int kMillion = 1'000'000;

void CheckHttp(const Config::Http& http, config::Checks* checks) {
  checks->Range("http.threads", http.threads(), 0, 64);
  checks->Range("http.max_connections", http.max_connections(), 1, kMillion);
  checks->Range("http.max_header_bytes", http.max_header_bytes(), 1024, 64 << 10);
  checks->Range("http.max_body_bytes", http.max_body_bytes(), 1024, 8 << 20);
  checks->Range("http.header_timeout", http.header_timeout(), absl::Milliseconds(100), absl::Minutes(1));
  checks->Range("http.body_timeout", http.body_timeout(), absl::Milliseconds(100), absl::Minutes(5));
  checks->Range("http.idle_timeout", http.idle_timeout(), absl::Seconds(1), absl::Minutes(10));
}

void CheckProxies(const Config::Proxies& proxies, config::Checks* checks) {
  const std::vector<std::string> trusted(proxies.trusted().begin(), proxies.trusted().end());
  if (const auto set = http::AddressSet::Parse(trusted); !set.ok())
    checks->Wrong("proxies.trusted", std::string(set.status().message()));
  if (proxies.proxy_protocol() && trusted.empty())
    checks->Wrong("proxies.trusted",
                  "none, want the proxies' addresses, since proxy_protocol lets nobody else connect");
}

void CheckConnections(const Config::Connections& c, config::Checks* checks) {
  checks->Range("connections.reactors", c.reactors(), 0, 256);
  checks->Range("connections.max_connections_per_reactor", c.max_connections_per_reactor(), 1, kMillion);
  checks->Range("connections.max_message_bytes", c.max_message_bytes(), 1024, 4 << 20);
  checks->Range("connections.frames_per_second", c.frames_per_second(), 1, 100'000);
  checks->Range("connections.max_queue_bytes", c.max_queue_bytes(), 4096, 64 << 20);
  checks->Range("connections.max_process_queue_bytes", c.max_process_queue_bytes(), 1 << 20, int64_t{64} << 30);
  checks->Range("connections.max_channels", c.max_channels(), 1, 10'000);
  checks->Range("connections.coalescing", c.coalescing(), absl::ZeroDuration(), absl::Milliseconds(50));
  checks->Range("connections.max_coalescing", c.max_coalescing(), absl::ZeroDuration(), absl::Milliseconds(50));
  checks->Range("connections.connect_timeout", c.connect_timeout(), absl::Seconds(1), absl::Minutes(1));
  checks->Range("connections.ping_interval", c.ping_interval(), absl::Seconds(1), absl::Minutes(5));
  checks->Range("connections.pong_timeout", c.pong_timeout(), absl::Seconds(1), absl::Minutes(1));
  if (c.ping_interval().nanos() != 0)
    checks->Wrong("connections.ping_interval", "a part of a second, want whole seconds");
  if (ToDuration(c.pong_timeout()) >= ToDuration(c.ping_interval()))
    checks->Wrong("connections.pong_timeout", "not below ping_interval, want it below");
}

http::ServerOptions ToHttp(const Config& config) {
  const Config::Http& http = config.http();
  http::ServerOptions options;
  options.name = "clients";
  options.address = config.client_address();
  options.threads =
      http.threads() > 0 ? http.threads() : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options.max_connections = http.max_connections();
  options.max_header_bytes = static_cast<size_t>(http.max_header_bytes());
  options.max_body_bytes = static_cast<size_t>(http.max_body_bytes());
  options.header_timeout = ToDuration(http.header_timeout());
  options.body_timeout = ToDuration(http.body_timeout());
  options.idle_timeout = ToDuration(http.idle_timeout());
  options.proxy_protocol = config.proxies().proxy_protocol();
  return options;
}

AddressLimitsOptions ToAddressLimits(const Config::AddressLimits& limits) {
  constexpr double kBurstSeconds = 4;
  const auto rate = [](double per_second) { return RateLimit{per_second, kBurstSeconds * per_second}; };
  return {rate(limits.connections_per_second()), rate(limits.handshakes_per_second()),
          static_cast<size_t>(limits.max_addresses())};
}

ClientsOptions ToClients(const Config& config) {
  const Config::Connections& c = config.connections();
  ClientsOptions options;
  options.instance = config.server().instance_id();
  options.reactors = c.reactors();
  options.connection.max_connections = c.max_connections_per_reactor();
  options.connection.max_message_bytes = static_cast<size_t>(c.max_message_bytes());
  options.connection.frames_per_second = c.frames_per_second();
  options.connection.frame_burst = std::max(options.connection.frame_burst, c.frames_per_second());
  options.connection.max_queue_bytes = static_cast<size_t>(c.max_queue_bytes());
  options.connection.max_process_queue_bytes = static_cast<size_t>(c.max_process_queue_bytes());
  options.connection.coalescing = ToDuration(c.coalescing());
  options.connection.max_coalescing = ToDuration(c.max_coalescing());
  options.session.channels_max = static_cast<size_t>(c.max_channels());
  options.session.connect_timeout = ToDuration(c.connect_timeout());
  options.session.ping_interval = ToDuration(c.ping_interval());
  options.session.pong_timeout = ToDuration(c.pong_timeout());
  options.redis = redis::ToClientOptions("gateway", config.redis());
  return options;
}

}  // namespace

void SetDefaults(Config* config) {
  config->set_client_address("127.0.0.1:21092");
  Config::Http* http = config->mutable_http();
  http->set_max_connections(20'000);
  http->set_max_header_bytes(16 << 10);
  http->set_max_body_bytes(4 << 20);
  SetDuration(absl::Seconds(10), http->mutable_header_timeout());
  SetDuration(absl::Seconds(30), http->mutable_body_timeout());
  SetDuration(absl::Seconds(60), http->mutable_idle_timeout());
  config->mutable_proxies();
  Config::Connections* connections = config->mutable_connections();
  connections->set_max_connections_per_reactor(20'000);
  connections->set_max_message_bytes(64 << 10);
  connections->set_frames_per_second(50);
  connections->set_max_queue_bytes(1 << 20);
  connections->set_max_process_queue_bytes(1 << 30);
  connections->set_max_channels(128);
  SetDuration(absl::Milliseconds(5), connections->mutable_coalescing());
  SetDuration(absl::Milliseconds(20), connections->mutable_max_coalescing());
  SetDuration(absl::Seconds(10), connections->mutable_connect_timeout());
  SetDuration(absl::Seconds(25), connections->mutable_ping_interval());
  SetDuration(absl::Seconds(10), connections->mutable_pong_timeout());
  config->mutable_calls()->set_max_in_flight(20'000);
  config->mutable_calls()->set_max_in_flight_per_product(10'000);
  config->mutable_calls()->set_max_limiter_buckets(200'000);
  SetDuration(absl::Seconds(30), config->mutable_tokens()->mutable_clock_skew());
  config->mutable_tokens()->set_max_remembered(20'000);
  redis::SetDefaults(absl::Seconds(2), config->mutable_redis());
  config->mutable_access_log()->set_sample(0.01);
  config->mutable_access_log()->set_lines_per_second(100);
  config->mutable_drain()->set_connections_per_second(500);
  config->mutable_address_limits()->set_connections_per_second(5'000);
  config->mutable_address_limits()->set_handshakes_per_second(5'000);
  config->mutable_address_limits()->set_max_addresses(100'000);
}

absl::Status CheckConfig(const Config& config) {
  config::Checks checks;
  checks.NotEmpty("client_address", config.client_address(), "an IP address and port");
  CheckHttp(config.http(), &checks);
  CheckProxies(config.proxies(), &checks);
  CheckConnections(config.connections(), &checks);
  checks.Range("calls.max_in_flight", config.calls().max_in_flight(), 1, kMillion);
  checks.Range("calls.max_in_flight_per_product", config.calls().max_in_flight_per_product(), 1, kMillion);
  checks.Range("calls.max_limiter_buckets", config.calls().max_limiter_buckets(), 1000, 10 * kMillion);
  checks.Range("tokens.clock_skew", config.tokens().clock_skew(), absl::ZeroDuration(), absl::Minutes(10));
  checks.Range("tokens.max_remembered", config.tokens().max_remembered(), 16, kMillion);
  checks.Range("address_limits.connections_per_second", config.address_limits().connections_per_second(), 0, kMillion);
  checks.Range("address_limits.handshakes_per_second", config.address_limits().handshakes_per_second(), 0, kMillion);
  checks.Range("address_limits.max_addresses", config.address_limits().max_addresses(), 1000, 10 * kMillion);
  redis::CheckOptions(config.redis(), &checks);
  checks.Range("access_log.lines_per_second", config.access_log().lines_per_second(), 0, 100'000);
  if (!(config.access_log().sample() >= 0 && config.access_log().sample() <= 1))
    checks.Wrong("access_log.sample", absl::StrCat(config.access_log().sample(), ", want 0 to 1"));
  checks.Range("drain.connections_per_second", config.drain().connections_per_second(), 1, kMillion);
  return checks.Result();
}

Settings ToSettings(const Config& config) {
  Settings s;
  s.instance_id = config.server().instance_id();
  s.cell = config.server().cell();
  s.control.control_address = config.server().control_address();
  s.control.state_dir = s.state_dir = config.server().state_dir();
  s.control_ads_address = config.server().control_ads_address();
  s.http = ToHttp(config);
  s.trusted_proxies =
      http::AddressSet::Parse({config.proxies().trusted().begin(), config.proxies().trusted().end()}).value();
  s.http.proxies = s.trusted_proxies;
  s.address_limits = ToAddressLimits(config.address_limits());
  s.clients = ToClients(config);
  s.calls.max_in_flight = config.calls().max_in_flight();
  s.calls.max_in_flight_per_product = config.calls().max_in_flight_per_product();
  s.limiter.max_buckets = static_cast<size_t>(config.calls().max_limiter_buckets());
  s.tokens = {config.tokens().revocation_file(), ToDuration(config.tokens().clock_skew()),
              static_cast<size_t>(config.tokens().max_remembered())};
  s.access_log = {config.access_log().sample(), static_cast<double>(config.access_log().lines_per_second())};
  s.drain_per_second = config.drain().connections_per_second();
  s.drain_timeout = ToDuration(config.server().drain_timeout());
  return s;
}

}  // namespace trivium::gateway
