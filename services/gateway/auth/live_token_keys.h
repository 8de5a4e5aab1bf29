// The keys of now (libs/token_keys) with the gateway's config source and metrics.
#pragma once

#include "libs/jwt/verifier.h"
#include "libs/telemetry/metrics.h"
#include "libs/token_keys/token_keys.h"
#include "services/gateway/commands/config_source.h"

namespace trivium::gateway {

// Thread-safe.
class LiveTokenKeys {
 public:
  // All outlive it.
  LiveTokenKeys(const ConfigSource& source, jwt::Verifier& verifier, Metrics& metrics);
  // On every change of the source.
  void Refresh() { keys_.Refresh(); }

 private:
  TokenKeys keys_;
};

}  // namespace trivium::gateway
