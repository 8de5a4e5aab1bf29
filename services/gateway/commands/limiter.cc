#include "services/gateway/commands/limiter.h"

#include <algorithm>
#include <cstring>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"

namespace trivium::gateway {
namespace {

constexpr Metric kRefused{"trivium_gateway_rate_limited_total",
                          "Calls refused by a command's limits, by scope.",
                          {"product", "command", "scope"}};
constexpr Metric kEvictions{"trivium_gateway_limiter_evictions_total",
                            "Buckets dropped while still filling, for want of room: raise max_buckets."};

constexpr const char* kScopeNames[] = {"connection", "user", "command", "product"};
constexpr size_t kKeyBytes = 512, kMaxDropsAtOnce = 2;

// Identity of a bucket, without a heap allocation: parts with their lengths, so that no two callers make the same key.
// Parts that do not fit are replaced by their hash.
class Key {
 public:
  Key(LimitScope scope, const Command& command, const LimitedCaller& caller, const RateLimit& limit) {
    Append({reinterpret_cast<const char*>(&scope), sizeof(scope)});
    // A new limit, as of another version under release, counts for itself.
    Append({reinterpret_cast<const char*>(&limit), sizeof(limit)});
    Append(command.item);
    if (scope == LimitScope::kConnection) Append(caller.connection);
    if (scope == LimitScope::kUser || scope == LimitScope::kProduct) Append(caller.product);
    if (scope == LimitScope::kUser) Append(caller.uid);
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  void Append(std::string_view part) {
    uint64_t length = part.size(), hash = 0;
    if (part.size() > kMaxPart) {
      hash = absl::HashOf(std::string(part));
      part = {reinterpret_cast<const char*>(&hash), sizeof(hash)};
    }
    std::memcpy(bytes_ + size_, &length, sizeof(length));
    std::memcpy(bytes_ + size_ + sizeof(length), part.data(), part.size());
    size_ += sizeof(length) + part.size();
  }

  static constexpr size_t kMaxPart = kKeyBytes / 5 - sizeof(uint64_t);
  char bytes_[kKeyBytes];
  size_t size_ = 0;
};

// Whether a limit of this scope can count this caller.
bool Counts(LimitScope scope, const LimitedCaller& caller) {
  if (scope == LimitScope::kConnection) return !caller.connection.empty();
  return scope != LimitScope::kUser || !caller.uid.empty();
}

absl::Status Refused(const Command& command, const char* scope, const RateLimit& limit, absl::Duration wait) {
  const std::string rate = absl::StrCat(limit.rate, " calls per second of this ", scope);
  return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
               absl::StrCat("command ", command.name, ": over ", rate, ", want fewer"))
      .With("command", command.name)
      .With("scope", scope)
      .With("calls_per_second", limit.rate)
      .Quota(absl::StrCat(scope, ":", command.name), rate)
      .RetryAfter(wait);
}

}  // namespace

Limiter::Limiter(LimiterOptions options, Clock& clock, Metrics& metrics)
    : max_per_shard_(std::max<size_t>(1, options.max_buckets / std::max<size_t>(1, options.shards))),
      clock_(clock),
      metrics_(metrics),
      evictions_(metrics.GetCounter(kEvictions)),
      shards_(std::max<size_t>(1, options.shards)) {}

absl::Status Limiter::Admit(const Command& command, const LimitedCaller& caller) {
  for (int i = 0; i < kLimitScopes; ++i) {
    const RateLimit& limit = command.limits[static_cast<size_t>(i)];
    const auto scope = static_cast<LimitScope>(i);
    if (limit.rate <= 0 || !Counts(scope, caller)) continue;
    const absl::Duration wait = Take(Key(scope, command, caller, limit).view(), limit);
    if (wait == absl::ZeroDuration()) continue;
    metrics_.GetCounter(kRefused, {std::string(caller.product), command.name, kScopeNames[i]}).Add();
    return Refused(command, kScopeNames[i], limit, wait);
  }
  return absl::OkStatus();
}

absl::Duration Limiter::Take(std::string_view key, const RateLimit& limit) {
  Shard& shard = shards_[std::hash<std::string_view>()(key) % shards_.size()];
  MutexLock lock(shard.mu);
  return Touch(shard, key, limit).bucket.Take();
}

Limiter::Slot& Limiter::Touch(Shard& shard, std::string_view key, const RateLimit& limit) {
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
void Limiter::DropOld(Shard& shard, absl::Duration now) {
  for (size_t i = 0; i < kMaxDropsAtOnce && !shard.slots.empty(); ++i) {
    const Slot& oldest = shard.slots.back();
    const bool full_again = now - oldest.used_at >= absl::Seconds(oldest.limit.burst / oldest.limit.rate);
    if (!full_again && shard.slots.size() < max_per_shard_) return;
    if (!full_again) evictions_.Add();
    shard.by_key.erase(oldest.key);
    shard.slots.pop_back();
  }
}

size_t Limiter::buckets() const {
  size_t sum = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mu);
    sum += shard.slots.size();
  }
  return sum;
}

}  // namespace trivium::gateway
