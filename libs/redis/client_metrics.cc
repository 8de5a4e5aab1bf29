#include "libs/redis/client_metrics.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"

namespace trivium::redis {
namespace {

// The fixed list, sorted. EVAL and EVALSHA count as SCRIPT.
constexpr std::string_view kLabelNames[] = {
    "CLUSTER",
    "DEL",
    "EXISTS",
    "EXPIRE",
    "GET",
    "HDEL",
    "HGET",
    "HGETALL",
    "HINCRBY",
    "HLEN",
    "HMGET",
    "HSCAN",
    "HSET",
    "INCR",
    "INCRBY",
    "INFO",
    "LPUSH",
    "LRANGE",
    "MGET",
    "MSET",
    "PEXPIRE",
    "PING",
    "PIPELINE",
    "PTTL",
    "PUBLISH",
    "ROLE",
    "RPUSH",
    "SADD",
    "SCAN",
    "SCARD",
    "SCRIPT",
    "SET",
    "SISMEMBER",
    "SMEMBERS",
    "SREM",
    "SSCAN",
    "TTL",
    "UNLINK",
    "XADD",
    "XLEN",
    "XRANGE",
    "XREVRANGE",
    "XTRIM",
    "ZADD",
    "ZCARD",
    "ZCOUNT",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZREM",
    "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE",
    "ZSCORE",
    "other",
};
static_assert(std::is_sorted(std::begin(kLabelNames), std::end(kLabelNames)));
constexpr size_t kLongestName = 32;

std::string Code(const absl::Status& status) { return absl::StatusCodeToString(status.code()); }

size_t IndexOf(std::string_view label) {
  return static_cast<size_t>(std::lower_bound(std::begin(kLabelNames), std::end(kLabelNames), label) -
                             std::begin(kLabelNames));
}

}  // namespace

std::string_view CommandLabel(std::string_view name) {
  if (name.size() > kLongestName) return "other";
  std::string upper(name);
  absl::AsciiStrToUpper(&upper);
  if (upper == "EVAL" || upper == "EVALSHA") return "SCRIPT";
  const auto* const it = std::lower_bound(std::begin(kLabelNames), std::end(kLabelNames), std::string_view(upper));
  return it != std::end(kLabelNames) && *it == upper ? *it : "other";
}

ClientMetrics::ClientMetrics(std::string name, Metrics& metrics)
    : in_use(metrics.GetGauge(kPoolInUse, {name})),
      open(metrics.GetGauge(kPoolOpen, {name})),
      wait(metrics.GetHistogram(kPoolWaitSeconds, {name})),
      name_(std::move(name)),
      metrics_(metrics) {
  static_assert(std::size(kLabelNames) <= kLabels);
}

// Two threads that both find none get the same object from the registry.
void ClientMetrics::Ended(std::string_view command, absl::StatusCode code) {
  const std::string_view label = CommandLabel(command);
  auto& known = ended_[IndexOf(label)][std::min(static_cast<size_t>(code), kCodes - 1)];
  Counter* counter = known.load();
  if (counter == nullptr) {
    counter = &metrics_.GetCounter(kCommands, {name_, std::string(label), absl::StatusCodeToString(code)});
    known.store(counter);
  }
  counter->Add();
}

void ClientMetrics::Took(std::string_view label, absl::Duration duration) {
  auto& known = seconds_[IndexOf(label)];
  Histogram* histogram = known.load();
  if (histogram == nullptr) {
    histogram = &metrics_.GetHistogram(kCommandSeconds, {name_, std::string(label)});
    known.store(histogram);
  }
  histogram->Observe(absl::ToDoubleSeconds(duration));
}

void ClientMetrics::Repeated(std::string_view reason, size_t commands) {
  metrics_.GetCounter(kRepeats, {name_, std::string(reason)}).Add(static_cast<double>(commands));
}

void ClientMetrics::Connected(const absl::Status& status) {
  metrics_.GetCounter(kConnects, {name_, Code(status)}).Add();
}

void ClientMetrics::Refreshed(const absl::Status& status) {
  metrics_.GetCounter(kRefreshes, {name_, Code(status)}).Add();
}

}  // namespace trivium::redis
