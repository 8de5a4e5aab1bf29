// gateway_load: see README.md.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include <sys/resource.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/command_line/command_line.h"
#include "libs/status/status.h"
#include "tests/load/gateway_flags.h"
#include "tests/load/gateway_phases.h"

namespace trivium::load {
namespace {

using nlohmann::json;

std::string NewRunId() {
  std::random_device random;
  return absl::StrFormat("l%s%04x", absl::FormatTime("%m%d%H%M%S", absl::Now(), absl::UTCTimeZone()),
                         random() & 0xffff);
}

// As many file descriptors as the system allows.
void RaiseLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<json> Measure(const GatewayFlags& flags, const std::string& run_id) {
  if (flags.phase == "fanout") return MeasureFanout(flags, run_id);
  if (flags.phase == "idle") return MeasureIdle(flags, run_id);
  if (flags.phase == "rpc") return MeasureRpc(flags, run_id);
  return MeasureStorm(flags, run_id);
}

absl::Status Run(GatewayFlags flags) {
  TRIVIUM_RETURN_IF_ERROR(FillIn(flags));
  // An environment of the caller's own goes first.
  if (!flags.bootstrap.empty()) setenv("GRPC_XDS_BOOTSTRAP", flags.bootstrap.c_str(), /*overwrite=*/0);
  RaiseLimit();
  const std::string run_id = NewRunId();
  TRIVIUM_ASSIGN_OR_RETURN(json measured, Measure(flags, run_id));
  const json report = {{"schema", "trivium.load.gateway/1"},
                       {"phase", flags.phase},
                       {"run_id", run_id},
                       {"time", absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone())},
                       {"product", flags.product},
                       {"connections", flags.connections},
                       {"cores", std::thread::hardware_concurrency()},
                       {flags.phase, std::move(measured)}};
  if (flags.json.empty()) return absl::OkStatus();
  std::ofstream file(flags.json, std::ios::binary);
  file << report.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  file.close();
  return file ? absl::OkStatus() : absl::InternalError(absl::StrCat(flags.json, ": cannot be written"));
}

}  // namespace
}  // namespace trivium::load

int main(int argc, char** argv) {
  using namespace trivium::load;
  const auto flags = ParseGatewayFlags({argv + 1, argv + argc});
  if (const std::optional<int> exit = trivium::command_line::ExitStatus(flags)) return *exit;
  // gRPC's own log would stand in the middle of ours; the caller may want it.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const absl::Status status = Run(*flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "gateway_load: %s\n", std::string(status.message()).c_str());
  return 1;
}
