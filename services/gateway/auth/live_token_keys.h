// The keys of now: control's items of kind token_keys, given to the verifier.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "libs/jwt/verifier.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/commands/config_source.h"

namespace trivium::gateway {

inline constexpr std::string_view kTokenKeysKind = "token_keys";

// Keys of a product that cannot be used leave its last good ones in use, with a line in the log and a metric; an item
// that is gone takes its keys with it. Thread-safe.
class LiveTokenKeys {
 public:
  // All outlive it.
  LiveTokenKeys(const ConfigSource& source, jwt::Verifier& verifier, Metrics& metrics);
  // On every change of the source.
  void Refresh();

 private:
  const ConfigSource& source_;
  jwt::Verifier& verifier_;
  Counter& refusals_;
  Gauge& keys_;
  Mutex mu_;
  std::map<std::string, std::string> good_ ABSL_GUARDED_BY(mu_);  // Serialized TokenKeys, by product.
};

}  // namespace trivium::gateway
