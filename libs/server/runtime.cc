#include "libs/server/runtime.h"

#include <google/protobuf/message.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/clock/clock.h"
#include "libs/clock/proto_time.h"
#include "libs/config/config.h"
#include "libs/control_client/control_client.h"
#include "libs/http/server.h"
#include "libs/log/log.h"
#include "libs/rpc/call_guard.h"
#include "libs/rpc/tls.h"
#include "libs/server/admin_pages.h"
#include "libs/server/advertised_address.h"
#include "libs/server/config_file.h"
#include "libs/server/file_limit.h"
#include "libs/server/flags.h"
#include "libs/server/grpc_server.h"
#include "libs/server/options.pb.h"
#include "libs/server/protobuf_log.h"
#include "libs/server/readiness.h"
#include "libs/server/server_options.h"
#include "libs/server/signals.h"
#include "libs/server/version.h"
#include "libs/server/watchdog.h"
#include "libs/status/status.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "trivium/control/v1/registry.pb.h"

namespace trivium::server {
namespace {

constexpr int kExitFailed = 1, kExitUsage = 2;
constexpr absl::Duration kTick = absl::Milliseconds(100);    // To notice Shutdown().
constexpr absl::Duration kReadyInterval = absl::Seconds(1);  // Between looks at the readiness checks.
constexpr absl::Duration kAfterDrain = absl::Seconds(5);     // For stop functions; then the process ends itself.

constexpr Metric kBuildInfo{
    "trivium_build_info", "Always 1; the labels say what runs.", {"service", "version", "instance", "cell"}};
constexpr Metric kReady{"trivium_ready",
                        "1 while the process takes calls, 0 while it starts, drains or a check fails."};
constexpr Metric kWorkerQueue{"trivium_worker_queue_length", "Calls that wait for a worker thread."};
constexpr Metric kCertificateExpiry{"trivium_tls_certificate_expiry_time_seconds",
                                    "When this process's certificate expires, Unix time."};
constexpr Metric kLinesLost{"trivium_log_lines_lost", "Log lines that could not be written since the start."};

std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

}  // namespace

struct Runtime::Impl {
  Impl(std::string service, google::protobuf::Message* config, std::string_view descriptors)
      : service(std::move(service)),
        config((SetDefaults(MutableServerOptions(config)), config)),
        config_message(config),
        descriptors(descriptors),
        grpc(this->service) {}

  // One line for a person at a terminal, whatever the log's format and place.
  int Fail(int exit_status, const absl::Status& status) const {
    std::fprintf(stderr, "%s: %s\n", service.c_str(), std::string(status.message()).c_str());
    if (log_is_set_up && !options->log().path().empty())
      log::Write(log::Level::kError, "start failed", {{"error", status}});
    return exit_status;
  }

  absl::Status SetUp();
  void SetGauges();
  absl::Status Start();
  absl::Status StartSteps();
  void StartRegistrar();
  void Serve();
  void Look();
  void Reload();
  void Drain();
  void StopSteps();

  struct Step {
    std::string what;
    std::function<absl::Status()> start;  // One of the two.
    std::function<void()> stop;
    bool reached = false;  // Started, or nothing to start.
  };

  const std::string service;
  ConfigFile config;
  const google::protobuf::Message* const config_message;
  const ServerOptions* options = nullptr;  // Inside it, after Load.
  const std::string_view descriptors;
  bool log_is_set_up = false;
  rpc::TlsFiles tls;
  std::string advertised;  // advertise_address in numbers; empty: where grpc listens.
  Metrics& metrics = Metrics::Global();
  std::unique_ptr<WorkerPool> workers;
  std::unique_ptr<rpc::CallGuard> guard;
  std::unique_ptr<http::Server> admin;
  Readiness readiness;
  GrpcServer grpc;
  std::unique_ptr<control_client::Registrar> registrar;
  std::vector<grpc::Service*> services;
  std::vector<Step> steps;
  std::vector<std::function<void()>> doors;
  std::vector<std::function<void(const google::protobuf::Message&)>> reload;
  std::atomic<bool> stop_wanted{false}, draining{false};
};

Runtime::Runtime(std::string service, google::protobuf::Message* config, std::string_view descriptors)
    : impl_(std::make_unique<Impl>(std::move(service), config, descriptors)) {}

Runtime::~Runtime() = default;

void Runtime::CheckConfig(std::function<absl::Status(const google::protobuf::Message&)> check) {
  impl_->config.SetCheck(std::move(check));
}

std::optional<int> Runtime::Init(int argc, char** argv) {
  BlockSignals();
  const absl::StatusOr<Flags> flags = ParseFlags(argc, argv);
  if (!flags.ok()) return impl_->Fail(kExitUsage, flags.status());
  std::string answer;
  if (flags->help) {
    answer = Usage(impl_->service);
  } else if (flags->version) {
    answer = absl::StrCat(impl_->service, " ", kVersion, "\n");
  } else if (flags->print_default_config) {
    answer = config::PrintYaml(*impl_->config_message, impl_->descriptors);
  }
  if (!answer.empty()) {
    std::fputs(answer.c_str(), stdout);
    return 0;
  }
  if (flags->config.empty())
    return impl_->Fail(kExitUsage, absl::InvalidArgumentError("--config: want a file; --help says more"));
  if (const absl::Status status = impl_->config.Load(flags->config); !status.ok())
    return impl_->Fail(kExitUsage, status);
  impl_->options = FindServerOptions(*impl_->config_message);
  if (flags->check_config) {
    std::printf("%s: config is good\n", flags->config.c_str());
    return 0;
  }
  if (const absl::Status status = impl_->SetUp(); !status.ok()) return impl_->Fail(kExitFailed, status);
  return std::nullopt;
}

absl::Status Runtime::Impl::SetUp() {
  log::Level level = log::Level::kInfo;
  log::ParseLevel(options->log().level(), &level);
  TRIVIUM_RETURN_IF_ERROR(log::Init({.service = service,
                                     .instance = options->instance_id(),
                                     .path = options->log().path(),
                                     .max_bytes = static_cast<uint64_t>(options->log().max_bytes()),
                                     .keep_files = options->log().keep_files(),
                                     .level = level}));
  log_is_set_up = true;
  CaptureProtobufLog(Clock::Real(), metrics);
  // Debian's abseil looks for deadlocks at each lock that gRPC takes: about 5 % of a small call's time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  if (!RaiseFileLimit()) TRIVIUM_LOG(kWarning, "the limit of open files stays as it is");
  tls = TlsOf(*options);
  if (!options->advertise_address().empty()) {
    TRIVIUM_ASSIGN_OR_RETURN(advertised, ResolveAdvertised(options->advertise_address()));
  }
  workers = std::make_unique<WorkerPool>("worker", options->worker_threads(), options->worker_queue_max());
  guard = std::make_unique<rpc::CallGuard>(rpc::CallGuardOptions{.max_in_flight = options->max_in_flight_calls()},
                                           *workers, Clock::Real(), metrics);
  http::ServerOptions http_options;
  http_options.address = options->admin_address();
  http_options.name = "admin";
  admin = std::make_unique<http::Server>(http_options, metrics);
  AddAdminPages({.service = service,
                 .metrics = &metrics,
                 .guard = guard.get(),
                 .before_metrics = [this] { SetGauges(); },
                 .ready = [this] { return readiness.status(); },
                 .config_yaml = [this] { return config.Yaml(); }},
                admin.get());
  metrics.GetGauge(kBuildInfo, {service, kVersion, options->instance_id(), options->cell()}).Set(1);
  return absl::OkStatus();
}

void Runtime::Impl::SetGauges() {
  metrics.GetGauge(kReady).Set(readiness.ready() ? 1 : 0);
  metrics.GetGauge(kWorkerQueue).Set(static_cast<double>(workers->queued()));
  metrics.GetGauge(kLinesLost).Set(static_cast<double>(log::LinesLost()));
  if (tls.certificate.empty()) return;
  if (const auto expiry = rpc::CertificateExpiry(tls.certificate); expiry.ok()) {
    metrics.GetGauge(kCertificateExpiry).Set(static_cast<double>(absl::ToUnixSeconds(*expiry)));
  }
}

absl::Status Runtime::Impl::Start() {
  TRIVIUM_RETURN_IF_ERROR(admin->Start());
  TRIVIUM_RETURN_IF_ERROR(StartSteps());
  TRIVIUM_RETURN_IF_ERROR(grpc.Start(options->grpc_address(), tls, services));
  Look();
  StartRegistrar();
  log::Write(
      log::Level::kInfo, "started",
      {{"version", kVersion}, {"grpc_port", grpc.port()}, {"admin_port", admin->port()}, {"ready", readiness.ready()}});
  return absl::OkStatus();
}

absl::Status Runtime::Impl::StartSteps() {
  for (Step& step : steps) {
    if (step.start) {
      if (const absl::Status status = step.start(); !status.ok()) {
        return absl::Status(status.code(), absl::StrCat(step.what, ": ", status.message()));
      }
    }
    step.reached = true;
  }
  return absl::OkStatus();
}

void Runtime::Impl::StartRegistrar() {
  if (options->control_address().empty()) return;
  control::v1::Instance instance;
  instance.set_instance_id(options->instance_id());
  instance.set_service(service);
  instance.set_cell(options->cell());
  instance.set_address(!advertised.empty() ? advertised
                                           : absl::StrCat(HostOf(options->grpc_address()), ":", grpc.port()));
  instance.set_version(kVersion);
  instance.mutable_start_time()->set_seconds(absl::ToUnixSeconds(Clock::Real().Now()));
  registrar = std::make_unique<control_client::Registrar>(
      control_client::Options{options->control_address(), tls, options->state_dir()}, instance,
      [this] { return readiness.ready(); }, Clock::Real(), metrics);
  registrar->Start();
}

int Runtime::Run() {
  if (const absl::Status status = impl_->Start(); !status.ok()) {
    const int exit_status = impl_->Fail(kExitFailed, status);
    const Watchdog watchdog(kAfterDrain);
    impl_->workers->Stop();
    impl_->StopSteps();
    impl_->admin->Stop(absl::ZeroDuration());
    return exit_status;
  }
  impl_->Serve();
  impl_->Drain();
  return 0;
}

void Runtime::Impl::Serve() {
  absl::Duration looked = Clock::Real().Monotonic();
  while (!stop_wanted.load()) {
    const int signal = WaitForSignal(kTick);
    if (signal == SIGHUP) Reload();
    if (signal == SIGTERM || signal == SIGINT) return;
    if (Clock::Real().Monotonic() - looked < kReadyInterval) continue;
    looked = Clock::Real().Monotonic();
    Look();
  }
}

void Runtime::Impl::Look() {
  const bool before = readiness.ready();
  const bool now = readiness.Look();
  if (before != now) {
    log::Write(now ? log::Level::kInfo : log::Level::kWarning, now ? "ready" : "not ready",
               {{"checks", readiness.status()}});
  }
  grpc.SetHealth(now);
}

void Runtime::Impl::Reload() {
  const auto fresh = config.Reload();
  if (!fresh.ok()) {
    log::Write(log::Level::kError, "reload refused: the config stays as it was", {{"error", fresh.status()}});
    return;
  }
  log::Level level = log::Level::kInfo;
  if (const ServerOptions* now = FindServerOptions(**fresh);
      now != nullptr && log::ParseLevel(now->log().level(), &level)) {
    log::SetLevel(level);
  }
  for (const auto& apply : reload) apply(**fresh);
  log::Write(log::Level::kInfo, "config reloaded");
}

// First everybody hears that it goes and moves away, while calls are still taken; then calls finish; then the rest
// stops.
void Runtime::Impl::Drain() {
  const absl::Duration lame_duck = ToDuration(options->lame_duck()), grace = ToDuration(options->drain_timeout());
  log::Write(log::Level::kInfo, "draining", {{"in_flight", guard->in_flight()}});
  const Watchdog watchdog(lame_duck + grace + kAfterDrain);
  draining.store(true);
  readiness.Drain();
  grpc.SetHealth(false);
  if (registrar != nullptr) registrar->Drain();
  Clock::Real().Sleep(lame_duck);
  guard->Drain();
  grpc.Shutdown(grace);
  for (const auto& close : doors) close();
  if (registrar != nullptr) registrar->Stop();
  workers->Stop();
  StopSteps();
  admin->Stop(absl::Milliseconds(200));
  log::Write(log::Level::kInfo, "stopped");
}

void Runtime::Impl::StopSteps() {
  const auto reached = [this](const std::string& what) {
    for (const Step& step : steps) {
      if (step.start && step.what == what) return step.reached;
    }
    return true;
  };
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->stop && reached(step->what)) step->stop();
  }
}

void Runtime::Add(grpc::Service* service) { impl_->services.push_back(service); }

void Runtime::OnStart(std::string what, std::function<absl::Status()> start) {
  impl_->steps.push_back({std::move(what), std::move(start), nullptr});
}

void Runtime::OnDrain(std::function<void()> close) { impl_->doors.push_back(std::move(close)); }

void Runtime::OnStop(std::string what, std::function<void()> stop) {
  impl_->steps.push_back({std::move(what), nullptr, std::move(stop)});
}

void Runtime::AddReadiness(std::string name, std::function<absl::Status()> check) {
  impl_->readiness.Add(std::move(name), std::move(check));
}

void Runtime::SetProductLimiter(std::function<absl::Status(std::string_view)> limiter) {
  impl_->guard->SetProductLimiter(std::move(limiter));
}

void Runtime::OnReload(std::function<void(const google::protobuf::Message&)> apply) {
  impl_->reload.push_back(std::move(apply));
}

void Runtime::Shutdown() { impl_->stop_wanted.store(true); }
bool Runtime::draining() const { return impl_->draining.load(); }
rpc::CallGuard& Runtime::guard() { return *impl_->guard; }
WorkerPool& Runtime::workers() { return *impl_->workers; }
Clock& Runtime::clock() { return Clock::Real(); }
Metrics& Runtime::metrics() { return impl_->metrics; }
http::Server& Runtime::admin() { return *impl_->admin; }
const rpc::TlsFiles& Runtime::tls() const { return impl_->tls; }
int Runtime::grpc_port() const { return impl_->grpc.port(); }

}  // namespace trivium::server
