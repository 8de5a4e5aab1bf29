// Last-good relay: an ADS server on a unix socket inside the process. It passes on what control says, keeps it on disk,
// and serves it when control is dead, so that a service also starts without control. Start it before the first xDS
// channel: it sets GRPC_XDS_BOOTSTRAP_CONFIG.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::rpc {

struct RelayOptions {
  std::string control_ads_address;  // "127.0.0.1:21001": control's plaintext ADS port; empty: no upstream (tests).
  std::string socket_path;          // Unix socket, at most 100 bytes; a stale one is replaced.
  std::string state_path;           // File with the last good resources; written atomically (rename, fsync).
  std::string node_id;              // Instance id.
  std::string cell;
};

// Thread-safe.
class Relay {
 public:
  Relay(RelayOptions options, Metrics& metrics);
  ~Relay();
  absl::Status Start();
  void Stop();
  // Whether control answers now (a metric and /readyz detail, never a reason to be unready).
  bool upstream_connected() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::rpc
