#include "tests/load/load_report.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace trivium::load {

double Ratio(const std::vector<PhaseResult>& phases, const std::string& name) {
  const PhaseResult *one = nullptr, *most = nullptr;
  for (const PhaseResult& phase : phases) {
    if (phase.name != name) continue;
    if (phase.concurrency == 1) one = &phase;
    if (most == nullptr || phase.concurrency > most->concurrency) most = &phase;
  }
  return one == nullptr || one->PerSecond() == 0 ? 0 : most->PerSecond() / one->PerSecond();
}

std::string FormatTable(const std::vector<PhaseResult>& phases) {
  std::string out =
      absl::StrFormat("%-12s %11s %9s %10s %9s %9s %18s %18s  %s\n", "phase", "concurrency", "done", "per second",
                      "p50 ms", "p99 ms", "payment CPU ms/it", "client CPU ms/it", "errors");
  for (const PhaseResult& p : phases) {
    std::string errors;
    for (const auto& [reason, count] : p.errors)
      absl::StrAppend(&errors, errors.empty() ? "" : ", ", reason, " ", count);
    const std::string server = p.server_cpu_ms_each < 0 ? "?" : absl::StrFormat("%.3f", p.server_cpu_ms_each);
    absl::StrAppendFormat(&out, "%-12s %11d %9d %10.1f %9.2f %9.2f %18s %18.3f  %s\n", p.name, p.concurrency, p.done,
                          p.PerSecond(), p.p50_ms, p.p99_ms, server, p.client_cpu_ms_each,
                          errors.empty() ? "none" : errors);
  }
  absl::StrAppendFormat(&out, "\nconcurrent over one by one: create %.1fx, life cycle %.1fx\n", Ratio(phases, "create"),
                        Ratio(phases, "life_cycle"));
  return out;
}

std::string FormatLoadJson(const std::string& run_id, const std::string& time, const LoadFlags& flags,
                           const std::vector<PhaseResult>& phases) {
  using nlohmann::json;
  json list = json::array();
  for (const PhaseResult& p : phases) {
    list.push_back({{"name", p.name},
                    {"concurrency", p.concurrency},
                    {"done", p.done},
                    {"seconds", p.seconds},
                    {"per_second", p.PerSecond()},
                    {"p50_ms", p.p50_ms},
                    {"p99_ms", p.p99_ms},
                    {"max_ms", p.max_ms},
                    {"server_cpu_ms_each", p.server_cpu_ms_each < 0 ? json() : json(p.server_cpu_ms_each)},
                    {"client_cpu_ms_each", p.client_cpu_ms_each},
                    {"errors", p.errors}});
  }
  const json report = {{"schema", "trivium.load.payment/1"},
                       {"run_id", run_id},
                       {"time", time},
                       {"target", flags.target},
                       {"product", flags.product},
                       {"pay", flags.pay},
                       {"channels", flags.channels},
                       {"institutions", flags.institutions},
                       {"cores", std::thread::hardware_concurrency()},
                       {"phases", list},
                       {"ratios", {{"create", Ratio(phases, "create")}, {"life_cycle", Ratio(phases, "life_cycle")}}}};
  return report.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace trivium::load
