// Limits of commands at the edge: token buckets by connection, user, command and product.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "libs/clock/clock.h"
#include "libs/ha/token_bucket.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
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

// Thread-safe. A bucket that has had time to fill again is dropped: it is as good as a new one.
class Limiter {
 public:
  Limiter(LimiterOptions options, Clock& clock, Metrics& metrics);  // clock and metrics outlive it.
  // OK, or RESOURCE_EXHAUSTED RATE_LIMITED with the scope, QuotaFailure and RetryInfo. Narrow limits come first, so
  // that what one connection or user has too much of is not taken from others. A call that a wide limit refuses has
  // used its narrow ones.
  absl::Status Admit(const Command& command, const LimitedCaller& caller);
  size_t buckets() const;  // For tests and the admin page.

 private:
  struct Slot {
    Slot(std::string_view key, const RateLimit& limit, Clock& clock)
        : key(key), limit(limit), bucket(limit.rate, limit.burst, clock) {}
    const std::string key;
    const RateLimit limit;
    ha::TokenBucket bucket;
    absl::Duration used_at;
  };
  struct Shard {
    mutable Mutex mu;
    std::list<Slot> slots ABSL_GUARDED_BY(mu);  // Used last first.
    absl::flat_hash_map<std::string_view, std::list<Slot>::iterator> by_key
        ABSL_GUARDED_BY(mu);  // Keys are the slots'.
  };

  absl::Duration Take(std::string_view key, const RateLimit& limit);
  Slot& Touch(Shard& shard, std::string_view key, const RateLimit& limit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);
  void DropOld(Shard& shard, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);

  const size_t max_per_shard_;
  Clock& clock_;
  Metrics& metrics_;
  Counter& evictions_;
  std::vector<Shard> shards_;
};

}  // namespace trivium::gateway
