// The admin port's pages: /metrics /healthz /readyz /config /version /loglevel /inflight.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace trivium {
class Metrics;
namespace http {
class Server;
}
namespace rpc {
class CallGuard;
}
}  // namespace trivium

namespace trivium::server {

struct AdminPages {
  std::string service;
  Metrics* metrics;                          // Not owned; outlives the server.
  rpc::CallGuard* guard;                     // Not owned; outlives the server.
  std::function<void()> before_metrics;      // Sets gauges that are read only when asked.
  std::function<absl::Status()> ready;       // The message says a line per check.
  std::function<std::string()> config_yaml;  // Redacted.
};

// Before the server starts. GET all; POST /loglevel with "level=debug" changes the log's level.
void AddAdminPages(AdminPages pages, http::Server* server);

}  // namespace trivium::server
