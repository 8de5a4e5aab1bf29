// "host:port" of a Redis node.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::redis {

struct Address {
  std::string host;  // Name, IPv4 or IPv6 address (without brackets).
  int port = 0;      // 1-65535.

  auto operator<=>(const Address&) const = default;
  std::string ToString() const;  // "127.0.0.1:6379", "[::1]:6379".
};

// "cache-1:6379", "[::1]:6379", "::1:6379" (as the cluster writes it: the last colon counts). INVALID_ARGUMENT
// FIELD_INVALID otherwise. default_host: taken when there is none before the colon; empty: that is an error.
absl::StatusOr<Address> ParseAddress(std::string_view text, std::string_view default_host = "");

}  // namespace trivium::redis
