#include "libs/server/admin_pages.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "libs/http/server.h"
#include "libs/log/log.h"
#include "libs/rpc/call_guard.h"
#include "libs/server/version.h"
#include "libs/telemetry/metrics.h"

namespace trivium::server {
namespace {

constexpr size_t kMaxRunning = 1000;  // Calls on /inflight.

http::Response Text(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

http::Response Json(const nlohmann::json& json) {
  http::Response response;
  response.content_type = "application/json";
  response.body = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

http::Response LogLevel(const http::Request& request) {
  if (request.method != "POST") return Text(200, std::string(log::LevelName(log::GetLevel())) + "\n");
  std::string word = request.Parameter("level");
  constexpr std::string_view kField = "level=";
  if (word.empty() && request.body.starts_with(kField)) word = request.body.substr(kField.size());
  while (!word.empty() && (word.back() == '\n' || word.back() == '\r')) word.pop_back();
  log::Level level;
  if (!log::ParseLevel(word, &level)) return Text(400, "level: \"" + word + "\", want debug, info, warning or error\n");
  log::SetLevel(level);
  log::Write(log::Level::kWarning, "log level changed", {{"level", word}, {"peer", request.peer}});
  return Text(200, word + "\n");
}

nlohmann::json Inflight(const rpc::CallGuard& guard) {
  nlohmann::json calls = nlohmann::json::array();
  for (const rpc::CallGuard::Running& call : guard.RunningCalls(kMaxRunning)) {
    calls.push_back({{"method", call.method},
                     {"caller", call.caller},
                     {"product", call.product},
                     {"trace_id", call.trace_id},
                     {"age_ms", absl::ToInt64Milliseconds(call.age)}});
  }
  return {{"in_flight", guard.in_flight()}, {"calls", calls}};
}

}  // namespace

void AddAdminPages(AdminPages pages, http::Server* server) {
  const auto p = std::make_shared<const AdminPages>(std::move(pages));
  server->Handle("GET HEAD", "/metrics", [p](const http::Request&) {
    p->before_metrics();
    http::Response response = Text(200, p->metrics->Expose());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  });
  // Alive: the process answers. What it needs from others is /readyz's matter.
  server->Handle("GET HEAD", "/healthz", [](const http::Request&) { return Text(200, "ok\n"); });
  server->Handle("GET HEAD", "/readyz", [p](const http::Request&) {
    const absl::Status ready = p->ready();
    return ready.ok() ? Text(200, "ready\n") : Text(503, "not ready\n" + std::string(ready.message()) + "\n");
  });
  server->Handle("GET HEAD", "/config", [p](const http::Request&) { return Text(200, p->config_yaml()); });
  server->Handle("GET HEAD", "/version", [p](const http::Request&) {
    return Json({{"service", p->service}, {"version", kVersion}});
  });
  server->Handle("GET HEAD POST", "/loglevel", LogLevel);
  server->Handle("GET HEAD", "/inflight", [p](const http::Request&) { return Json(Inflight(*p->guard)); });
}

}  // namespace trivium::server
