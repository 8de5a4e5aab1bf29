#include "services/gateway/commands/bucket_table.h"

#include <algorithm>
#include <functional>

namespace trivium::gateway {
namespace {

constexpr size_t kMaxDropsAtOnce = 2;

}  // namespace

BucketTable::BucketTable(size_t max_buckets, size_t shards, Clock& clock, Counter& evictions)
    : max_per_shard_(std::max<size_t>(1, max_buckets / std::max<size_t>(1, shards))),
      clock_(clock),
      evictions_(evictions),
      shards_(std::max<size_t>(1, shards)) {}

absl::Duration BucketTable::Take(std::string_view key, const RateLimit& limit) {
  Shard& shard = shards_[std::hash<std::string_view>()(key) % shards_.size()];
  MutexLock lock(shard.mu);
  return Touch(shard, key, limit).bucket.Take();
}

BucketTable::Slot& BucketTable::Touch(Shard& shard, std::string_view key, const RateLimit& limit) {
  const absl::Duration now = clock_.Monotonic();
  const auto found = shard.by_key.find(key);
  if (found != shard.by_key.end()) {
    shard.slots.splice(shard.slots.begin(), shard.slots, found->second);
  } else {
    DropOld(shard, now);
    shard.slots.emplace_front(key, limit, clock_);
    shard.by_key.emplace(shard.slots.front().key, shard.slots.begin());
  }
  shard.slots.front().used_at = now;
  return shard.slots.front();
}

// A few at each insertion, so that no call pays for many.
void BucketTable::DropOld(Shard& shard, absl::Duration now) {
  for (size_t i = 0; i < kMaxDropsAtOnce && !shard.slots.empty(); ++i) {
    const Slot& oldest = shard.slots.back();
    const bool full_again = now - oldest.used_at >= absl::Seconds(oldest.limit.burst / oldest.limit.rate);
    if (!full_again && shard.slots.size() < max_per_shard_) return;
    if (!full_again) evictions_.Add();
    shard.by_key.erase(oldest.key);
    shard.slots.pop_back();
  }
}

size_t BucketTable::buckets() const {
  size_t sum = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mu);
    sum += shard.slots.size();
  }
  return sum;
}

}  // namespace trivium::gateway
