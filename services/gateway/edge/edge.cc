#include "services/gateway/edge/edge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/edge/client_address.h"

namespace trivium::gateway {
namespace {

constexpr Metric kHandshakes{
    "trivium_gateway_handshakes_total",
    "WebSocket handshakes by outcome: ok, malformed, address (too many per second), origin (not "
    "allowed by any product), not_ready (or draining).",
    {"outcome"}};

http::Response Plain(int status, std::string_view text) {
  return {status, "text/plain; charset=utf-8", {}, absl::StrCat(std::string(text), "\n")};
}

http::Response TooMany(absl::Duration wait) {
  http::Response response = Plain(429, "too many handshakes of this address");
  response.headers.emplace_back(
      "Retry-After", absl::StrCat(std::max<int64_t>(1, absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1))))));
  return response;
}

}  // namespace

Edge::Edge(EdgeOptions options, Parts parts)
    : parts_(std::move(parts)),
      trusted_proxies_(options.trusted_proxies),
      address_limits_(options.address_limits, parts_.connect.clock, parts_.metrics),
      connect_(parts_.connect, std::move(options.trusted_proxies)),
      server_(Limited(std::move(options.server)), parts_.metrics) {
  server_.Handle("GET", "/healthz", [this](const http::Request&) { return Health(); });
  server_.Handle("GET", "/connection/websocket", [this](const http::Request& request) { return Upgrade(request); });
  server_.HandleAsync("POST OPTIONS", "/", [this](http::Request request, http::Responder respond) {
    connect_.Serve(std::move(request), std::move(respond));
  });
}

// A proxy without PROXY headers brings everybody's connections: it is not counted.
http::ServerOptions Edge::Limited(http::ServerOptions options) {
  options.admit = [this](std::string_view ip) {
    return trusted_proxies_.Contains(ip) || address_limits_.TakeConnection(ip) == absl::ZeroDuration();
  };
  return options;
}

void Edge::Drain() {
  draining_.store(true);
  connect_.Drain();
  server_.StopAccepting();
}

http::Response Edge::Health() const {
  const bool ready = !draining_.load() && !parts_.leaving() && parts_.ready().ok();
  return ready ? Plain(200, "ok") : Plain(503, "not ready");
}

http::Response Edge::Upgrade(const http::Request& request) {
  const auto count = [this](const char* outcome) { parts_.metrics.GetCounter(kHandshakes, {outcome}).Add(); };
  auto checked = CheckWebSocketHandshake(request);
  if (auto* refused = std::get_if<http::Response>(&checked)) {
    count("malformed");
    return std::move(*refused);
  }
  const std::string address = ClientAddress(request, trusted_proxies_);
  if (!trusted_proxies_.Contains(address)) {
    if (const absl::Duration wait = address_limits_.TakeHandshake(address); wait > absl::ZeroDuration()) {
      count("address");
      return TooMany(wait);
    }
  }
  auto& handshake = std::get<WebSocketHandshake>(checked);
  if (!parts_.connect.profiles.AnyAllowsOrigin(handshake.origin)) {
    count("origin");
    return Plain(403, "origin not allowed");
  }
  if (draining_.load() || !parts_.ready().ok()) {
    count("not_ready");
    http::Response busy = Plain(503, "not ready");
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }
  count("ok");
  http::Response response = UpgradeAnswer(handshake);
  response.take_over = [this, peer = address, handshake = std::move(handshake)](http::TakenConnection socket) {
    socket.peer = peer;
    parts_.adopt({std::move(socket), handshake});
  };
  return response;
}

}  // namespace trivium::gateway
