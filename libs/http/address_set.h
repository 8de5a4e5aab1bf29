// A set of IP addresses, as an operator writes it: "10.0.0.0/8", "127.0.0.1", "fd00::/8".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::http {

// Immutable, so thread-safe. IPv4 addresses that come as IPv6 ("::ffff:10.0.0.1") are the IPv4 ones.
class AddressSet {
 public:
  AddressSet() = default;
  // INVALID_ARGUMENT "[2]: ..." for what is no network: bits behind the prefix must be 0.
  static absl::StatusOr<AddressSet> Parse(const std::vector<std::string>& networks);
  // ip: without port; false for what is no address.
  bool Contains(std::string_view ip) const;
  bool empty() const { return networks_.empty(); }

 private:
  using Bytes = std::array<uint8_t, 16>;
  struct Network {
    Bytes address;
    int bits = 128;
  };
  static bool ToBytes(std::string_view ip, Bytes* bytes, bool* v4);
  static absl::StatusOr<Network> ToNetwork(std::string_view text);

  std::vector<Network> networks_;
};

// "203.0.113.7" of "203.0.113.7:50000", "::1" of "::1:50000" and "[::1]:50000".
std::string_view WithoutPort(std::string_view peer);

}  // namespace trivium::http
