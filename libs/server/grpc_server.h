// The gRPC server as every service runs it: TLS, limits, keepalive, health, reflection.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/rpc/tls.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace trivium::server {

// Thread-safe after Start.
class GrpcServer {
 public:
  // service: "payment"; its gRPC services ("trivium.payment.v1...") get the same health as the whole.
  explicit GrpcServer(std::string service);
  ~GrpcServer();

  // Binds and serves. UNAVAILABLE with the address and what to do when it is taken.
  absl::Status Start(const std::string& address, const rpc::TlsFiles& tls, const std::vector<grpc::Service*>& services);
  // gRPC health v1.
  void SetHealth(bool serving);
  // Takes no new calls, lets those that run finish until `grace` has passed, then cancels them. Returns when all
  // handlers have.
  void Shutdown(absl::Duration grace);
  int port() const { return port_; }

 private:
  const std::string service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace trivium::server
