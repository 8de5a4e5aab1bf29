// The plaintext ADS port: a gRPC server of its own, because gRPC 1.51 and grpc-js clients know no other way to reach an
// ADS server. Read-only.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "libs/xds/ads_server.h"

namespace grpc {
class Server;
}

namespace trivium::control {

// Thread-safe after Start.
class AdsListener {
 public:
  AdsListener(std::string address, xds::AdsServerOptions options, xds::ResourceStore& resources, Metrics& metrics);
  ~AdsListener();
  // OK at once when the address is empty. UNAVAILABLE when it cannot be bound.
  absl::Status Start();
  void Stop();
  int port() const { return port_; }

 private:
  const std::string address_;
  xds::AdsServer ads_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace trivium::control
