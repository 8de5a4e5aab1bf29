// payment_load: see README.md.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/command_line/command_line.h"
#include "libs/status/status.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/load_flags.h"
#include "tests/load/load_report.h"
#include "tests/load/phases.h"

namespace trivium::load {
namespace {

std::string NewRunId() {
  std::random_device random;
  return absl::StrFormat("l%s%04x", absl::FormatTime("%m%d%H%M%S", absl::Now(), absl::UTCTimeZone()),
                         random() & 0xffff);
}

// One by one first: it warms nothing up that the others would need.
std::vector<PhaseResult> RunPhases(const LoadFlags& flags, PaymentApi& api, Payer& payer) {
  const auto cpu = [&] { return ServerCpuSeconds(flags.pid, flags.admin).value_or(-1); };
  const Phase one{1, absl::Seconds(flags.seconds)}, many{flags.concurrency, absl::Seconds(flags.seconds)};
  std::atomic<int64_t> next = 0;
  std::fprintf(stderr, "warming up\n");
  RunCreates({flags.channels, absl::Seconds(1)}, api, next);
  std::vector<PhaseResult> results;
  for (const Phase& phase : {one, many}) {
    std::fprintf(stderr, "create, %d at a time, %d s\n", phase.concurrency, flags.seconds);
    results.push_back(Measure(cpu, [&] { return RunCreates(phase, api, next); }));
  }
  for (const Phase& phase : {one, many}) {
    std::fprintf(stderr, "life cycle, %d at a time, %d s\n", phase.concurrency, flags.seconds);
    results.push_back(Measure(cpu, [&] { return RunLifeCycles(phase, api, payer, next); }));
  }
  return results;
}

absl::Status Run(LoadFlags flags) {
  TRIVIUM_RETURN_IF_ERROR(FillIn(flags));
  // An environment of the caller's own goes first.
  if (!flags.bootstrap.empty()) setenv("GRPC_XDS_BOOTSTRAP", flags.bootstrap.c_str(), /*overwrite=*/0);
  const std::string run_id = NewRunId();
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<PaymentApi> api, PaymentApi::Create(flags, run_id));
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<Payer> payer, NewPayer(flags));
  if (const auto cursor = api->NewestCursor(); !cursor.ok()) {
    return absl::Status(cursor.status().code(), absl::StrCat(flags.target, ": ", cursor.status().message()));
  }
  const std::vector<PhaseResult> results = RunPhases(flags, *api, *payer);
  std::printf("%s", FormatTable(results).c_str());
  if (!flags.json.empty()) {
    std::ofstream file(flags.json, std::ios::binary);
    file << FormatLoadJson(run_id, absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()), flags,
                           results);
    file.close();
    if (!file) return absl::InternalError(absl::StrCat(flags.json, ": cannot be written"));
  }
  for (const PhaseResult& result : results) {
    if (result.done == 0) return absl::UnavailableError(absl::StrCat(result.name, ": nothing succeeded"));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace trivium::load

int main(int argc, char** argv) {
  using namespace trivium::load;
  const auto flags = ParseLoadFlags({argv + 1, argv + argc});
  if (const std::optional<int> exit = trivium::command_line::ExitStatus(flags)) return *exit;
  // gRPC's own log would stand in the middle of ours; the caller may want it.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const absl::Status status = Run(*flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "payment_load: %s\n", std::string(status.message()).c_str());
  return 1;
}
