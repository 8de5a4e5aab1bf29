// All parts of live, built bottom-up, and their start and stop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/live/settings.h"

namespace grpc {
class Service;
}
namespace trivium {
class Clock;
class Metrics;
namespace rpc {
class CallGuard;
}
namespace gateway::v1 {
class TokenKeys;
}
}  // namespace trivium

namespace trivium::live {

class Admission;
class Capacities;
class Profiles;
class RoomSender;

// What tests give instead of control, Redis and push; nullptr: the real one. All outlive the app.
struct Surroundings {
  Profiles* profiles = nullptr;
  Capacities* capacities = nullptr;
  Admission* admission = nullptr;
  RoomSender* sender = nullptr;
  std::function<std::vector<std::string>()> products;  // Those with a profile.
  std::function<bool(const std::string& product, gateway::v1::TokenKeys* keys)> token_keys;
};

// Not thread-safe, but for Ready and Admit.
class App {
 public:
  // References outlive it.
  App(Settings settings, rpc::CallGuard& guard, Clock& clock, Metrics& metrics, Surroundings surroundings = {});
  ~App();
  // Starts what serves and works; an error leaves nothing running.
  absl::Status Start();
  // The reverse. Idempotent.
  void Stop();
  // Redis is no condition: rooms may be created and read without it.
  absl::Status Ready();
  // Whether a product may make one more call now.
  absl::Status Admit(std::string_view product);
  grpc::Service* service();

 private:
  struct Parts;
  const Settings settings_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace trivium::live
