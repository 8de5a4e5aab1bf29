// The baseline of rpc: an nginx of our own that passes gRPC (h2c) to a service behind TLS.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::load {

struct NginxOptions {
  std::string upstream;     // "127.0.0.1:21010"
  std::string server_name;  // In the upstream's certificate.
  std::string pki, product;
  int workers = 2;
};

// The configuration; pure.
std::string NginxConfig(const NginxOptions& options, const std::string& folder, int port);

class NginxProxy {
 public:
  // NOT_FOUND when there is no nginx (Debian: nginx-light); UNAVAILABLE with its own words when it does not start.
  static absl::StatusOr<std::unique_ptr<NginxProxy>> Start(const NginxOptions& options);
  ~NginxProxy();
  // "127.0.0.1:34567".
  const std::string& address() const { return address_; }
  // CPU seconds of all its processes so far.
  double CpuSeconds() const;

 private:
  NginxProxy() = default;
  std::string folder_, address_;
  int pid_ = 0;
};

}  // namespace trivium::load
