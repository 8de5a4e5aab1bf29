#include "tests/load/join_report.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace trivium::load {
namespace {

using nlohmann::json;

std::string Microseconds(double ms) { return ms < 0 ? "" : absl::StrFormat("%.0f", ms * 1000); }

std::string FormatRow(const PhaseResult& p, double redis_cpu_ms_each) {
  const std::string errors = p.errors.empty() ? "none" : absl::StrJoin(p.errors, ", ", absl::PairFormatter(" "));
  return absl::StrFormat("%-12s %7d %9d %10.0f %9.2f %9.2f %12s %13s  %s\n", p.name, p.concurrency, p.done,
                         p.PerSecond(), p.p50_ms, p.p99_ms, Microseconds(p.server_cpu_ms_each),
                         Microseconds(redis_cpu_ms_each), errors);
}

json Known(double ms) { return ms < 0 ? json() : json(ms); }

json ToJson(const PhaseResult& p, double redis_cpu_ms_each) {
  return {{"name", p.name},
          {"concurrency", p.concurrency},
          {"done", p.done},
          {"seconds", p.seconds},
          {"per_second", p.PerSecond()},
          {"p50_ms", p.p50_ms},
          {"p99_ms", p.p99_ms},
          {"max_ms", p.max_ms},
          {"live_cpu_ms_each", Known(p.server_cpu_ms_each)},
          {"redis_cpu_ms_each", Known(redis_cpu_ms_each)},
          {"client_cpu_ms_each", p.client_cpu_ms_each},
          {"errors", p.errors}};
}

}  // namespace

double JoinReport::Over(const PhaseResult& baseline) const {
  return baseline.PerSecond() > 0 ? joins.PerSecond() / baseline.PerSecond() : 0;
}

std::string FormatJoinTable(const JoinReport& report) {
  std::string out = absl::StrFormat("%-12s %7s %9s %10s %9s %9s %12s %13s  %s\n", "what", "callers", "done",
                                    "per second", "p50 ms", "p99 ms", "live CPU us", "redis CPU us", "errors");
  for (const PhaseResult* p : {&report.empty, &report.joins, &report.leaves, &report.calls, &report.incr}) {
    absl::StrAppend(&out, FormatRow(*p, p == &report.calls ? report.redis_cpu_ms_each : -1));
  }
  absl::StrAppend(&out, "\nanswers of JoinRoom\n");
  for (const auto& [answer, count] : report.answers) absl::StrAppendFormat(&out, "  %-28s %9d\n", answer, count);
  absl::StrAppend(&out, "\nmost held at once, of places      RTC           FAST       STANDARD\n");
  for (const LevelUse& level : report.levels) {
    absl::StrAppendFormat(&out, "  %-24s", level.name);
    for (size_t r = 0; r < kPlaceRungs; ++r) absl::StrAppendFormat(&out, " %6d/%-7d", level.most[r], level.places[r]);
    absl::StrAppend(&out, "\n");
  }
  absl::StrAppendFormat(
      &out, "\njoins over plain INCR %.3fx, over empty calls %.2fx; %d waves, %d looks at all levels: %s\n",
      report.Over(report.incr), report.Over(report.empty), report.waves, report.looks,
      report.faults.empty() ? "none was over, every place was given back" : absl::StrJoin(report.faults, "; "));
  return out;
}

std::string FormatJoinJson(const std::string& run_id, const std::string& time, const JoinFlags& flags,
                           const JoinReport& report) {
  json phases = json::array(), levels = json::array();
  for (const PhaseResult* p : {&report.empty, &report.joins, &report.leaves, &report.calls, &report.incr}) {
    phases.push_back(ToJson(*p, p == &report.calls ? report.redis_cpu_ms_each : -1));
  }
  for (const LevelUse& level : report.levels) {
    levels.push_back({{"name", level.name}, {"places", level.places}, {"most", level.most}});
  }
  const json whole = {
      {"schema", "trivium.load.join/1"},
      {"run_id", run_id},
      {"time", time},
      {"product", flags.product},
      {"target", flags.target},
      {"rooms", flags.rooms},
      {"wave", flags.wave},
      {"cores", std::thread::hardware_concurrency()},
      {"phases", phases},
      {"answers", report.answers},
      {"levels", levels},
      {"waves", report.waves},
      {"looks", report.looks},
      {"unsettled", report.unsettled},
      {"faults", report.faults},
      {"ratios", {{"join_over_incr", report.Over(report.incr)}, {"join_over_empty_call", report.Over(report.empty)}}}};
  return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace trivium::load
