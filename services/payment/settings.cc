#include "services/payment/settings.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/config/checks.h"
#include "libs/mysql/mysql_options.h"
#include "services/payment/config.pb.h"

namespace trivium::payment {
namespace {

// Most that the objects in hand of an instance that died wait for others to take them.
constexpr absl::Duration kClaimMax = absl::Minutes(10);

bool IsPspName(const std::string& name) {
  return !name.empty() && name.size() <= 32 &&
         std::ranges::all_of(name, [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-'; });
}

void CheckPsp(const std::string& field, const Config::Psp& psp, config::Checks* checks) {
  if (!IsPspName(psp.name())) checks->Wrong(field + ".name", "want 1-32 characters of a-z 0-9 -");
  if (psp.breaker_failures() != 0) checks->Range(field + ".breaker_failures", psp.breaker_failures(), 1, 1000);
  if (!psp.has_sandbox()) return checks->Wrong(field, "no kind, want sandbox");
  for (const auto& [name, url] :
       {std::pair("base_url", psp.sandbox().base_url()), std::pair("notify_url", psp.sandbox().notify_url())}) {
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      checks->Wrong(absl::StrCat(field, ".sandbox.", name), "want an http or https URL");
  }
  checks->NotEmpty(field + ".sandbox.merchants_file", psp.sandbox().merchants_file(), "a path");
}

// A claim lasts until the last object in hand has been asked about, even if every question takes its time-out.
absl::Duration ClaimFor(const Config::Workers& workers) {
  const int rounds = std::max(2, (workers.batch() + workers.threads() - 1) / workers.threads()) + 1;
  return std::max(WorkerOptions().claim_for, rounds * ToDuration(workers.psp_timeout()) + absl::Seconds(5));
}

void CheckWorkers(const Config::Workers& workers, config::Checks* checks) {
  const size_t wrong = checks->count();
  checks->Range("workers.interval", workers.interval(), absl::Milliseconds(10), absl::Seconds(60));
  checks->Range("workers.batch", workers.batch(), 1, 1000);
  checks->Range("workers.threads", workers.threads(), 1, 256);
  checks->Range("workers.silent_threads", workers.silent_threads(), 1, 256);
  checks->Range("workers.psp_timeout", workers.psp_timeout(), absl::Milliseconds(100), absl::Seconds(20));
  if (checks->count() > wrong || ClaimFor(workers) <= kClaimMax) return;
  // What ClaimFor takes for kClaimMax.
  const int64_t rounds = (kClaimMax - absl::Seconds(5)) / ToDuration(workers.psp_timeout()) - 1;
  checks->Wrong(
      "workers.batch",
      absl::StrCat(workers.batch(), ", want at most ", rounds * workers.threads(), " with ", workers.threads(),
                   " threads and a psp_timeout of ", absl::FormatDuration(ToDuration(workers.psp_timeout())),
                   ": an instance that dies would hold its objects for ", absl::FormatDuration(ClaimFor(workers)),
                   ", want at most ", absl::FormatDuration(kClaimMax)));
}

}  // namespace

void SetDefaults(Config* config) {
  config->set_callback_address("127.0.0.1:21012");
  mysql::SetDefaults("payment", 24, config->mutable_mysql());
  config->mutable_kafka();
  Config::Workers* workers = config->mutable_workers();
  SetDuration(absl::Milliseconds(500), workers->mutable_interval());
  workers->set_batch(100);
  workers->set_threads(32);
  workers->set_silent_threads(32);
  workers->mutable_psp_timeout()->set_seconds(5);
}

absl::Status CheckConfig(const Config& config) {
  config::Checks checks;
  checks.NotEmpty("callback_address", config.callback_address(), "an IP address and port");
  mysql::CheckOptions(config.mysql(), &checks);
  if (config.psps().empty()) checks.Wrong("psps", "none, want at least one");
  std::set<std::string> names;
  for (int i = 0; i < config.psps_size(); ++i) {
    const std::string field = absl::StrCat("psps[", i, "]");
    CheckPsp(field, config.psps(i), &checks);
    if (!names.insert(config.psps(i).name()).second) checks.Wrong(field + ".name", "twice, want each once");
  }
  CheckWorkers(config.workers(), &checks);
  return checks.Result();
}

Settings ToSettings(const Config& config) {
  Settings s;
  s.instance_id = config.server().instance_id();
  s.cell = config.server().cell();
  s.control.control_address = config.server().control_address();
  s.control.state_dir = config.server().state_dir();
  s.callback_address = config.callback_address();
  s.mysql = mysql::ToPoolOptions(config.mysql());
  s.kafka_brokers = config.kafka().brokers();
  for (const Config::Psp& psp : config.psps()) {
    PspSettings settings{
        .name = psp.name(),
        .sandbox = {psp.sandbox().base_url(), psp.sandbox().notify_url(), psp.sandbox().merchants_file()}};
    if (psp.breaker_failures() != 0) settings.breaker_failures = psp.breaker_failures();
    s.psps.push_back(std::move(settings));
  }
  s.workers.batch = config.workers().batch();
  s.workers.psp_timeout = ToDuration(config.workers().psp_timeout());
  s.worker_interval = ToDuration(config.workers().interval());
  s.worker_threads = config.workers().threads();
  s.silent_threads = config.workers().silent_threads();
  // One in hand and one that waits for each thread: no thread is idle while there is work.
  s.workers.silent_batch = 2 * s.silent_threads;
  s.workers.claim_for = ClaimFor(config.workers());
  // A connection for each that may call: the workers, and the calls that cancel payments. One that waited for a
  // connection would lose the time that its own call needs, and a PSP that answers would look silent.
  s.psp_connections = 2 * (s.worker_threads + s.silent_threads) + config.server().worker_threads();
  return s;
}

}  // namespace trivium::payment
