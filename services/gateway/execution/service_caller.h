// Calls of services whose messages nobody here knows: bytes to a method, bytes back.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/telemetry/metrics.h"

namespace grpc {
class Channel;
}

namespace trivium::gateway {

struct ServiceCall {
  std::string product;      // x-trivium-product
  std::string uid;          // x-trivium-user; "": no user calls.
  std::string route_key;    // x-trivium-route-key; "": none.
  std::string traceparent;  // For the service's span.
  std::string method;       // "trivium.push.v1.PushService/Publish"
  std::string request;      // A serialized message.
  absl::Duration timeout;
  bool repeatable = false;  // May be sent again after a failure that may have had an effect.
};

// Thread-safe.
class ServiceCaller {
 public:
  // Once, on a thread of gRPC; must not block. The answer's bytes, or the service's error with its details.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  virtual ~ServiceCaller() = default;
  virtual void Call(ServiceCall call, Done done) = 0;
};

// A channel to a service ("push") for a product's calls. repeatable: whether it may repeat calls as the route plan
// says, or must not.
using ChannelSource =
    std::function<std::shared_ptr<grpc::Channel>(std::string_view product, std::string_view service, bool repeatable)>;

// Keeps a channel for each product, service and repeatable; a call holds no thread.
class GrpcServiceCaller : public ServiceCaller {
 public:
  GrpcServiceCaller(ChannelSource channels, Metrics& metrics);  // metrics outlives it.
  ~GrpcServiceCaller() override;                                // As Stop.

  void Call(ServiceCall call, Done done) override;
  // Cancels what is running and waits for its end; later calls are UNAVAILABLE.
  void Stop();

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

// The service of a method, as in the registry and in xDS names: the last part of the package, but for its version:
// "push" of "trivium.push.v1.PushService/Publish".
std::string_view ServiceOf(std::string_view method);

}  // namespace trivium::gateway
