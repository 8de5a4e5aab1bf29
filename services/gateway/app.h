// All parts of the gateway, built bottom-up, and their start and stop.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/gateway/clients/clients.h"
#include "services/gateway/settings.h"

namespace trivium {
namespace rpc {
struct TlsFiles;
}
}  // namespace trivium

namespace trivium::gateway {

// Not thread-safe, but for Ready.
class App {
 public:
  // All outlive it.
  struct Surroundings {
    const rpc::TlsFiles& tls;
    Clock& clock;
    Metrics& metrics;
    std::function<bool()> draining;  // Whether the process is going.
  };
  // As StartClients.
  using ClientsStarter = std::function<absl::StatusOr<std::unique_ptr<Clients>>(ClientsOptions, const ClientsParts&)>;

  App(Settings settings, const Surroundings& surroundings, ClientsStarter start_clients);
  ~App();
  // Starts what serves; an error leaves nothing running.
  absl::Status Start();
  // Moves clients away at the configured rate, lets calls finish, stops the rest. Idempotent.
  void Stop();
  // OK, or UNAVAILABLE: control never answered, no command is published, or the clients' part is not ready (Redis).
  absl::Status Ready() const;
  int client_port() const;  // After Start.

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace trivium::gateway
