// Which handler answers a path.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/http/message.h"
#include "libs/telemetry/metrics.h"

namespace trivium::http {

inline constexpr Metric kRequests{"trivium_http_requests_total",
                                  "HTTP requests answered, by pattern and status code.",
                                  {"server", "pattern", "code"}};
inline constexpr Metric kRequestSeconds{
    "trivium_http_request_seconds", "Time from a whole request to its answer.", {"server", "pattern"}};

// The metrics of one pattern; keeps references, since looking one up costs a lock. Thread-safe.
class RouteMetrics {
 public:
  RouteMetrics(Metrics& metrics, std::string server, std::string pattern);
  // status: 100-599.
  void Count(int status);
  void Observe(absl::Duration duration) { seconds_.Observe(absl::ToDoubleSeconds(duration)); }

 private:
  Metrics& metrics_;
  const std::string server_, pattern_;
  Histogram& seconds_;
  std::array<std::atomic<Counter*>, 600> by_status_{};
};

using Responder = std::function<void(Response)>;

// One entry of the table.
struct Route {
  std::vector<std::string> methods;  // Upper case. GET implies HEAD.
  std::function<void(Request, Responder)> handler;
  std::unique_ptr<RouteMetrics> metrics;

  bool Allows(std::string_view method) const;
  std::string AllowHeader() const;  // "GET, HEAD"
};

// Not thread-safe while routes are added; Find is.
class Router {
 public:
  // pattern: "/path" exactly, or "/path/" with everything under it. A second route of the same pattern replaces the
  // first.
  void Add(std::string_view methods, std::string_view pattern, Route route);
  // The longest pattern that matches, or nullptr.
  const Route* Find(std::string_view path) const;

 private:
  std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace trivium::http
