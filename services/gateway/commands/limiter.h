// Limits of commands at the edge: token buckets by connection, user, command and product.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/commands/bucket_table.h"
#include "services/gateway/commands/command.h"

namespace trivium::gateway {

struct LimiterOptions {
  size_t max_buckets =
      200'000;  // Of all kinds together, about 300 bytes each. Above, those used longest ago go, and begin full again.
  size_t shards = 16;  // Locks.
};

// Who calls. "": not known, and limits of that kind do not apply: without a connection of its own a caller is counted
// by its address.
struct LimitedCaller {
  std::string_view product, uid, connection;
};

// Thread-safe.
class Limiter {
 public:
  Limiter(LimiterOptions options, Clock& clock, Metrics& metrics);  // clock and metrics outlive it.
  // OK, or RESOURCE_EXHAUSTED RATE_LIMITED with the scope, QuotaFailure and RetryInfo. Narrow limits come first, so
  // that what one connection or user has too much of is not taken from others. A call that a wide limit refuses has
  // used its narrow ones.
  absl::Status Admit(const Command& command, const LimitedCaller& caller);
  size_t buckets() const { return table_.buckets(); }  // For tests and the admin page.

 private:
  Metrics& metrics_;
  BucketTable table_;
};

}  // namespace trivium::gateway
