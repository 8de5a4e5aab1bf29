#include "services/gateway/edge/address_limits.h"

#include <arpa/inet.h>

#include <cstdint>

namespace trivium::gateway {
namespace {

constexpr Metric kRefused{"trivium_gateway_address_refused_total",
                          "What was refused because one client address (IPv6: /64) begins too many per second: "
                          "connection (closed) or handshake (429).",
                          {"what"}};
constexpr Metric kEvictions{"trivium_gateway_address_evictions_total",
                            "Client addresses forgotten for want of room while they were still limited."};
constexpr size_t kShards = 16, kV4Bytes = 4, kPrefixBytes = 8, kMappedBytes = 12;

}  // namespace

std::string CountedPrefix(std::string_view ip) {
  const std::string text(ip);
  uint8_t bytes[16];
  const auto* first = reinterpret_cast<const char*>(bytes);
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return std::string(first, kV4Bytes);
  in6_addr v6;
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return "";
  first = reinterpret_cast<const char*>(v6.s6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return std::string(first + kMappedBytes, kV4Bytes);
  return std::string(first, kPrefixBytes);
}

AddressLimits::AddressLimits(AddressLimitsOptions options, Clock& clock, Metrics& metrics)
    : options_(options),
      metrics_(metrics),
      table_(options.max_addresses * 2, kShards, clock, metrics.GetCounter(kEvictions)) {}

absl::Duration AddressLimits::Take(const RateLimit& limit, const char* what, std::string_view ip) {
  const std::string prefix = CountedPrefix(ip);
  if (limit.rate <= 0 || prefix.empty()) return absl::ZeroDuration();
  const absl::Duration wait = table_.Take(what[0] + prefix, limit);
  if (wait > absl::ZeroDuration()) metrics_.GetCounter(kRefused, {what}).Add();
  return wait;
}

}  // namespace trivium::gateway
