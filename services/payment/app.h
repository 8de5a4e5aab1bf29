// All parts of payment, built bottom-up, and their start and stop.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "services/payment/settings.h"

namespace grpc {
class Service;
}
namespace trivium {
class Clock;
class Metrics;
class WorkerPool;
namespace rpc {
class CallGuard;
}
}  // namespace trivium

namespace trivium::payment {

// Not thread-safe, but for Ready and Admit.
class App {
 public:
  // References outlive it. pool: where callbacks are handled.
  App(Settings settings, rpc::CallGuard& guard, WorkerPool& pool, Clock& clock, Metrics& metrics);
  ~App();
  // Starts what serves and works; an error leaves nothing running.
  absl::Status Start();
  // The reverse.
  void Stop();
  absl::Status Ready();
  // Whether a product may make one more call now.
  absl::Status Admit(std::string_view product);
  grpc::Service* service();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace trivium::payment
