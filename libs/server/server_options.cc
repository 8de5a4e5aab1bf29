#include "libs/server/server_options.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/numbers.h"
#include "libs/config/checks.h"
#include "libs/log/log.h"
#include "libs/server/options.pb.h"

namespace trivium::server {
namespace {

void Address(const char* field, const std::string& value, config::Checks* checks) {
  const size_t colon = value.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(value.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    checks->Wrong(field, "\"" + value + "\", want an IP address and a port, such as 127.0.0.1:21010");
  }
}

// Would the registry be told "everywhere", clients would connect to their own machines.
void Advertised(const ServerOptions& options, config::Checks* checks) {
  const auto is_wildcard = [](const std::string& address) {
    const std::string host = address.substr(0, address.rfind(':'));
    return host == "0.0.0.0" || host == "[::]";
  };
  const std::string& address = options.advertise_address();
  if (address.empty()) {
    if (options.control_address().empty() || !is_wildcard(options.grpc_address())) return;
    checks->Wrong("server.advertise_address",
                  "empty, want host and port, since server.grpc_address is " + options.grpc_address());
    return;
  }
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 || is_wildcard(address) ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 1 || port > 65535) {
    checks->Wrong("server.advertise_address",
                  "\"" + address + "\", want a host that others reach and a port, such as 10.0.0.7:9000");
  }
}

void StateDir(const std::string& path, config::Checks* checks) {
  struct stat info {};
  if (path.empty()) return;
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || access(path.c_str(), W_OK) != 0) {
    checks->Wrong("server.state_dir", path + ", want a folder that exists and can be written");
  }
}

}  // namespace

void SetDefaults(ServerOptions* options) {
  if (options->cell().empty()) options->set_cell("cell-a");
  if (options->grpc_address().empty()) options->set_grpc_address("127.0.0.1:0");
  if (options->admin_address().empty()) options->set_admin_address("127.0.0.1:0");
  if (options->worker_threads() == 0) options->set_worker_threads(32);
  if (options->worker_queue_max() == 0) options->set_worker_queue_max(1000);
  if (options->max_in_flight_calls() == 0) options->set_max_in_flight_calls(2000);
  if (!options->has_drain_timeout()) options->mutable_drain_timeout()->set_seconds(10);
  if (!options->has_lame_duck()) options->mutable_lame_duck()->set_nanos(500'000'000);
  ServerOptions::Log& log = *options->mutable_log();
  if (log.level().empty()) log.set_level("info");
  if (log.max_bytes() == 0) log.set_max_bytes(64 << 20);
  if (log.keep_files() == 0) log.set_keep_files(4);
}

rpc::TlsFiles TlsOf(const ServerOptions& options) {
  return {options.tls().certificate_file(), options.tls().key_file(), options.tls().ca_file()};
}

absl::Status Validate(const ServerOptions& options) {
  config::Checks checks;
  if (options.instance_id().empty()) checks.Wrong("server.instance_id", "empty, want a name unique in the platform");
  Address("server.grpc_address", options.grpc_address(), &checks);
  Address("server.admin_address", options.admin_address(), &checks);
  if (!options.control_address().empty()) Address("server.control_address", options.control_address(), &checks);
  if (!options.control_ads_address().empty())
    Address("server.control_ads_address", options.control_ads_address(), &checks);
  Advertised(options, &checks);
  StateDir(options.state_dir(), &checks);
  checks.Range("server.worker_threads", options.worker_threads(), 1, 512);
  checks.Range("server.worker_queue_max", options.worker_queue_max(), 1, 100'000);
  checks.Range("server.max_in_flight_calls", options.max_in_flight_calls(), 1, 100'000);
  checks.Range("server.drain_timeout", options.drain_timeout(), absl::ZeroDuration(), absl::Minutes(10));
  checks.Range("server.lame_duck", options.lame_duck(), absl::ZeroDuration(), absl::Minutes(1));
  log::Level level;
  if (!log::ParseLevel(options.log().level(), &level)) {
    checks.Wrong("server.log.level", "\"" + options.log().level() + "\", want debug, info, warning or error");
  }
  checks.Range("server.log.max_bytes", options.log().max_bytes(), 4096, int64_t{1} << 40);
  checks.Range("server.log.keep_files", options.log().keep_files(), 0, 100);
  if (const absl::Status tls = rpc::CheckTlsFiles(TlsOf(options)); !tls.ok()) {
    checks.Wrong("server.tls", std::string(tls.message()));
  }
  return checks.Result();
}

}  // namespace trivium::server
