#include "services/gateway/settings.h"

#include <gtest/gtest.h>

#include <functional>

#include "services/gateway/config.pb.h"

namespace trivium::gateway {
namespace {

Config Good() {
  Config config;
  SetDefaults(&config);
  config.mutable_server()->set_instance_id("gateway-1");
  return config;
}

TEST(SettingsTest, TheDefaultsAreGood) {
  EXPECT_TRUE(CheckConfig(Good()).ok()) << CheckConfig(Good());
  const Settings settings = ToSettings(Good());
  EXPECT_EQ(settings.http.name, "clients");
  EXPECT_GE(settings.http.threads, 1);
  EXPECT_EQ(settings.clients.instance, "gateway-1");
  EXPECT_TRUE(Validate(settings.clients).ok()) << Validate(settings.clients);
  EXPECT_EQ(settings.tokens.clock_skew, absl::Seconds(30));
}

TEST(SettingsTest, NamesEveryWrongField) {
  const struct {
    std::string field;
    std::function<void(Config*)> spoil;
  } kCases[] = {
      {"client_address", [](auto* c) { c->clear_client_address(); }},
      {"http.threads", [](auto* c) { c->mutable_http()->set_threads(65); }},
      {"http.max_connections", [](auto* c) { c->mutable_http()->set_max_connections(0); }},
      {"http.max_header_bytes", [](auto* c) { c->mutable_http()->set_max_header_bytes(100); }},
      {"http.max_body_bytes", [](auto* c) { c->mutable_http()->set_max_body_bytes(1 << 30); }},
      {"http.header_timeout", [](auto* c) { c->mutable_http()->clear_header_timeout(); }},
      {"http.idle_timeout", [](auto* c) { c->mutable_http()->mutable_idle_timeout()->set_seconds(3600); }},
      {"proxies.trusted", [](auto* c) { c->mutable_proxies()->add_trusted("10.0.0.1/8"); }},
      {"proxies.trusted", [](auto* c) { c->mutable_proxies()->set_proxy_protocol(true); }},
      {"connections.reactors", [](auto* c) { c->mutable_connections()->set_reactors(-1); }},
      {"connections.max_channels", [](auto* c) { c->mutable_connections()->set_max_channels(0); }},
      {"connections.coalescing", [](auto* c) { c->mutable_connections()->mutable_coalescing()->set_seconds(1); }},
      {"connections.max_coalescing",
       [](auto* c) { c->mutable_connections()->mutable_max_coalescing()->set_seconds(1); }},
      {"connections.ping_interval", [](auto* c) { c->mutable_connections()->mutable_ping_interval()->set_nanos(5); }},
      {"connections.pong_timeout", [](auto* c) { c->mutable_connections()->mutable_pong_timeout()->set_seconds(25); }},
      {"calls.max_in_flight", [](auto* c) { c->mutable_calls()->set_max_in_flight(0); }},
      {"calls.max_limiter_buckets", [](auto* c) { c->mutable_calls()->set_max_limiter_buckets(1); }},
      {"tokens.clock_skew", [](auto* c) { c->mutable_tokens()->mutable_clock_skew()->set_seconds(3600); }},
      {"tokens.max_remembered", [](auto* c) { c->mutable_tokens()->set_max_remembered(1); }},
      {"redis.addresses", [](auto* c) { c->mutable_redis()->clear_addresses(); }},
      {"access_log.sample", [](auto* c) { c->mutable_access_log()->set_sample(1.5); }},
      {"access_log.lines_per_second", [](auto* c) { c->mutable_access_log()->set_lines_per_second(-1); }},
      {"address_limits.connections_per_second",
       [](auto* c) { c->mutable_address_limits()->set_connections_per_second(-1); }},
      {"address_limits.max_addresses", [](auto* c) { c->mutable_address_limits()->set_max_addresses(1); }},
      {"drain.connections_per_second", [](auto* c) { c->mutable_drain()->set_connections_per_second(0); }},
  };
  for (const auto& c : kCases) {
    Config config = Good();
    c.spoil(&config);
    const absl::Status status = CheckConfig(config);
    EXPECT_EQ(std::string(status.message()).substr(0, c.field.size() + 1), c.field + ":") << status;
  }
}

}  // namespace
}  // namespace trivium::gateway
