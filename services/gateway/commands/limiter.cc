#include "services/gateway/commands/limiter.h"

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
constexpr size_t kKeyBytes = 512;

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
    : metrics_(metrics), table_(options.max_buckets, options.shards, clock, metrics.GetCounter(kEvictions)) {}

absl::Status Limiter::Admit(const Command& command, const LimitedCaller& caller) {
  for (int i = 0; i < kLimitScopes; ++i) {
    const RateLimit& limit = command.limits[static_cast<size_t>(i)];
    const auto scope = static_cast<LimitScope>(i);
    if (limit.rate <= 0 || !Counts(scope, caller)) continue;
    const absl::Duration wait = table_.Take(Key(scope, command, caller, limit).view(), limit);
    if (wait == absl::ZeroDuration()) continue;
    metrics_.GetCounter(kRefused, {std::string(caller.product), command.name, kScopeNames[i]}).Add();
    return Refused(command, kScopeNames[i], limit, wait);
  }
  return absl::OkStatus();
}

}  // namespace trivium::gateway
