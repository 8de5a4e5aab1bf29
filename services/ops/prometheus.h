// Range queries on Prometheus.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/http/client.h"
#include "services/ops/domain/panel_query.h"

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::ops {

struct PrometheusSeries {
  std::map<std::string, std::string> labels;
  std::vector<std::pair<double, double>> points;  // Unix seconds, value.
};

inline constexpr size_t kMaxSeries = 100;  // Of one answer; the rest is left out.

// Body of an answer of /api/v1/query_range. UNAVAILABLE METRICS_UNAVAILABLE when it is malformed or an error.
absl::StatusOr<std::vector<PrometheusSeries>> ParseRangeAnswer(const std::string& body);

// Thread-safe.
class Prometheus {
 public:
  Prometheus(std::string url, Clock& clock, Metrics& metrics)
      : url_(std::move(url)), clock_(clock), metrics_(metrics) {}
  // Blocks for at most 5 s. Errors: UNAVAILABLE METRICS_UNAVAILABLE.
  absl::StatusOr<std::vector<PrometheusSeries>> QueryRange(const std::string& query, const QueryRange& range,
                                                           absl::Time deadline);

 private:
  const std::string url_;
  Clock& clock_;
  Metrics& metrics_;
  http::Client client_;
};

}  // namespace trivium::ops
