#include "services/ops/prometheus.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/http/url.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"
#include "libs/text/view.h"

namespace trivium::ops {
namespace {

using nlohmann::json;

constexpr Metric kQueries{
    "trivium_ops_prometheus_queries_total", "Range queries on Prometheus, by outcome: ok, failed.", {"outcome"}};
constexpr Metric kQuerySeconds{"trivium_ops_prometheus_query_seconds",
                               "Duration of a range query on Prometheus, in seconds."};
constexpr absl::Duration kTimeout = absl::Seconds(5);

absl::Status Unavailable(std::string_view why) {
  TRIVIUM_LOG(kWarning, "prometheus does not answer", {"why", why});
  return Error(absl::StatusCode::kUnavailable, "METRICS_UNAVAILABLE", "Prometheus does not answer")
      .RetryAfter(absl::Seconds(5));
}

// [1700000000.5, "0.25"]; strtod knows NaN and +Inf.
bool ParsePoint(const json& point, std::pair<double, double>* out) {
  if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_string()) return false;
  *out = {point[0].get<double>(), std::strtod(point[1].get_ref<const std::string&>().c_str(), nullptr)};
  return true;
}

bool ParseSeries(const json& entry, PrometheusSeries* out) {
  const auto metric = entry.find("metric"), values = entry.find("values");
  if (!entry.is_object() || metric == entry.end() || values == entry.end() || !metric->is_object() ||
      !values->is_array())
    return false;
  for (const auto& [name, value] : metric->items()) {
    if (value.is_string()) out->labels[name] = value.get<std::string>();
  }
  for (const json& value : *values) {
    std::pair<double, double> point;
    if (!ParsePoint(value, &point)) return false;
    out->points.push_back(point);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<PrometheusSeries>> ParseRangeAnswer(const std::string& body) {
  const json answer = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || answer.value("status", json()) != "success")
    return Unavailable("malformed answer, or an error");
  const json::json_pointer result_at("/data/result");
  if (!answer.contains(result_at) || !answer[result_at].is_array()) return Unavailable("answer without a result");
  std::vector<PrometheusSeries> series;
  for (const json& entry : answer[result_at]) {
    if (series.size() == kMaxSeries) break;
    if (!entry.is_object() || !ParseSeries(entry, &series.emplace_back())) return Unavailable("malformed series");
  }
  return series;
}

absl::StatusOr<std::vector<PrometheusSeries>> Prometheus::QueryRange(const std::string& query,
                                                                     const ops::QueryRange& range,
                                                                     absl::Time deadline) {
  const absl::Duration started = clock_.Monotonic();
  http::ClientRequest request;
  request.method = "POST";
  request.url = url_ + "/api/v1/query_range";
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body =
      absl::StrCat("query=", http::PercentEncode(query), "&start=", absl::ToUnixSeconds(range.start),
                   "&end=", absl::ToUnixSeconds(range.end), "&step=", absl::ToInt64Seconds(range.step), "&timeout=4s");
  request.timeout = std::clamp(deadline - clock_.Now(), absl::Milliseconds(1), kTimeout);
  const auto response = client_.Send(request);
  auto series = !response.ok() ? Unavailable(ToStd(response.status().message()))
                : response->status != 200
                    ? Unavailable(absl::StrCat("HTTP ", response->status, ": ", response->body.substr(0, 200)))
                    : ParseRangeAnswer(response->body);
  metrics_.GetHistogram(kQuerySeconds).Observe(absl::ToDoubleSeconds(clock_.Monotonic() - started));
  metrics_.GetCounter(kQueries, {series.ok() ? "ok" : "failed"}).Add();
  return series;
}

}  // namespace trivium::ops
