// A service's process: flags, config, log, TLS, health, reflection, admin port, registration with control, ordered
// start and stop, drain on SIGTERM.
//
//   int main(int argc, char** argv) {
//     payment::Config config;
//     Runtime runtime("payment", &config, config.mutable_server());
//     if (std::optional<int> exit = runtime.Init(argc, argv)) return *exit;   // --help, --check_config, a config error
//     ... mysql::Pool pool(...); PaymentServiceImpl service(runtime.guard(), ...); runtime.Add(&service);
//     runtime.OnStart("relay", [&] { return relay.Start(); });               // In order.
//     runtime.OnStop("relay", [&] { relay.Stop(); });                        // In reverse.
//     return runtime.Run();
//   }
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace google::protobuf {
class Message;
}
namespace grpc {
class Service;
}
namespace trivium {
class Clock;
class Metrics;
class WorkerPool;
namespace rpc {
class CallGuard;
struct TlsFiles;
}  // namespace rpc
namespace http {
class Server;
}
}  // namespace trivium

namespace trivium::server {

class Runtime {
 public:
  // config: the service's whole config, with its own defaults set and one field of type ServerOptions. descriptors: a
  // serialized FileDescriptorSet with source info, whose comments --print_default_config shows above each field
  // (trivium_proto's embed_in makes it). Both outlive it. Init replaces what config holds: a pointer into it taken
  // before is void.
  Runtime(std::string service, google::protobuf::Message* config, std::string_view descriptors);
  ~Runtime();

  // Before Init: the service's own checks of its config, made at start, at --check_config and at reload. config is what
  // was given to the constructor, or the new one. Return FieldsError(...): every wrong field at once.
  void CheckConfig(std::function<absl::Status(const google::protobuf::Message& config)> check);

  // Parses flags, reads and checks the config, sets up log, TLS and worker pool. A value: exit now with it.
  std::optional<int> Init(int argc, char** argv);

  // Between Init and Run: parts of the service. Services are not owned and outlive Run.
  void Add(grpc::Service* service);
  // All start functions run before the gRPC server takes calls. A stop function runs after it has stopped, also when a
  // later start has failed, but not when the start of the same name has failed or was not reached.
  void OnStart(std::string what, std::function<absl::Status()> start);
  void OnStop(std::string what, std::function<void()> stop);
  // A door besides gRPC, such as an HTTP server: closed in a drain once gRPC's calls have ended, while workers() still
  // take what came in through it. Not called when a start has failed.
  void OnDrain(std::function<void()> close);
  // /readyz, gRPC health and the registry say ready only while all checks are OK; they run every second on one thread
  // and must not block for long. name: what a failed check is called there.
  void AddReadiness(std::string name, std::function<absl::Status()> check);
  // Before Run: what limits a product's calls (the product's profile knows how many).
  void SetProductLimiter(std::function<absl::Status(std::string_view product)> limiter);
  // SIGHUP read the config again and only reloadable fields changed: the new one is passed on.
  void OnReload(std::function<void(const google::protobuf::Message&)> apply);

  // Starts everything, serves until SIGTERM or SIGINT, drains (not ready; calls finish; at most options.drain_timeout),
  // stops. The exit status.
  int Run();
  // As a signal would; for tests. Thread-safe.
  void Shutdown();
  bool draining() const;

  rpc::CallGuard& guard();
  WorkerPool& workers();
  Clock& clock();
  Metrics& metrics();
  http::Server& admin();  // Add own pages before Run.
  const rpc::TlsFiles& tls() const;
  int grpc_port() const;  // Bound port, after start.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::server
