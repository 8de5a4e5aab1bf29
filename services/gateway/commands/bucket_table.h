// Token buckets by key, as many as there is room for.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "libs/clock/clock.h"
#include "libs/ha/token_bucket.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/commands/command.h"

namespace trivium::gateway {

// Thread-safe. A bucket that has had time to fill again is dropped: it is as good as a new one. Above max_buckets those
// used longest ago go, and begin full again: `evictions` counts them.
class BucketTable {
 public:
  // clock and evictions outlive it. shards: locks.
  BucketTable(size_t max_buckets, size_t shards, Clock& clock, Counter& evictions);
  // Takes one of the key's bucket; zero when it was there, else the time until it will be. limit: the same for a key.
  absl::Duration Take(std::string_view key, const RateLimit& limit);
  size_t buckets() const;

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

  Slot& Touch(Shard& shard, std::string_view key, const RateLimit& limit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);
  void DropOld(Shard& shard, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);

  const size_t max_per_shard_;
  Clock& clock_;
  Counter& evictions_;
  std::vector<Shard> shards_;
};

}  // namespace trivium::gateway
