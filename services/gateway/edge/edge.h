// The client port: one HTTP/1.1 server with the WebSocket upgrade, Connect calls and /healthz.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "libs/http/server.h"
#include "services/gateway/edge/address_limits.h"
#include "services/gateway/edge/connect_edge.h"
#include "services/gateway/edge/websocket_handshake.h"

namespace trivium::gateway {

struct EdgeOptions {
  http::ServerOptions server;        // proxies: whom PROXY headers are believed of.
  http::AddressSet trusted_proxies;  // Whose X-Forwarded-For is believed.
  AddressLimitsOptions address_limits;
};

// A socket that has become a WebSocket. The receiver closes its fd.
struct UpgradedConnection {
  http::TakenConnection socket;  // peer: the client's address, without port.
  WebSocketHandshake handshake;
};

// Thread-safe after Start.
class Edge {
 public:
  struct Parts {
    ConnectEdge::Parts connect;
    std::function<void(UpgradedConnection)> adopt;  // On an I/O thread; must not block.
    std::function<absl::Status()> ready;            // For /healthz; and new WebSockets are 503 while it is not OK.
    // Whether the process will go soon: /healthz says so, and whoever comes all the same is still served.
    std::function<bool()> leaving = [] { return false; };
    Metrics& metrics;
  };
  Edge(EdgeOptions options, Parts parts);

  absl::Status Start() { return server_.Start(); }
  // New connections are refused by the kernel, so that what stands in front goes elsewhere at once; on those that are
  // open new WebSockets are refused, and answers ask clients to close them.
  void Drain();
  // Lets running requests finish for at most `grace`.
  void Stop(absl::Duration grace) { server_.Stop(grace); }
  int port() const { return server_.port(); }

 private:
  http::ServerOptions Limited(http::ServerOptions options);
  http::Response Upgrade(const http::Request& request);
  http::Response Health() const;

  const Parts parts_;
  const http::AddressSet trusted_proxies_;
  AddressLimits address_limits_;
  ConnectEdge connect_;
  std::atomic<bool> draining_{false};
  http::Server server_;  // Last: its threads use the rest.
};

}  // namespace trivium::gateway
