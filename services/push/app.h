// All parts of push, built bottom-up, and their start and stop.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "services/push/settings.h"

namespace grpc {
class Service;
}
namespace trivium {
class Clock;
class Metrics;
namespace rpc {
class CallGuard;
}
}  // namespace trivium

namespace trivium::push {

class Profiles;

// Not thread-safe, but for Ready and Admit.
class App {
 public:
  // References outlive it. profiles: for tests; nullptr: those of control.
  App(Settings settings, rpc::CallGuard& guard, Clock& clock, Metrics& metrics, Profiles* profiles = nullptr);
  ~App();
  // Starts what serves and works; an error leaves nothing running.
  absl::Status Start();
  // The reverse. Idempotent.
  void Stop();
  // Redis is no condition: without it RELIABLE messages are taken all the same.
  absl::Status Ready();
  // Whether a product may make one more call now.
  absl::Status Admit(std::string_view product);
  grpc::Service* push_service();
  grpc::Service* delivery_service();

 private:
  struct Parts;
  const Settings settings_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace trivium::push
