// OpsService for browsers: Connect over HTTP, a session cookie, a CSRF token for what changes something.
#pragma once

#include "services/ops/ops_api.h"
#include "services/ops/sessions.h"

namespace trivium {
class WorkerPool;
namespace http {
class Server;
}
}  // namespace trivium

namespace trivium::ops {

struct ConsoleApiOptions {
  bool secure_cookie = false;
};

// Adds every method to the server, before its start. References outlive the server.
void AddConsoleApi(const ConsoleApiOptions& options, http::Server& server, WorkerPool& pool, Sessions& sessions,
                   OpsApi& api, Clock& clock);

}  // namespace trivium::ops
