// What one client address may begin per second: IPv4 by address, IPv6 by /64, which is what one customer has.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/commands/bucket_table.h"

namespace trivium::gateway {

// A school stands behind one address: thousands come at once when a lesson begins, and all again after a failure.
struct AddressLimitsOptions {
  RateLimit connections{5'000, 20'000};  // TCP connections. rate 0: no limit.
  RateLimit handshakes{5'000, 20'000};   // WebSockets.
  size_t max_addresses = 100'000;        // Remembered, of each kind.
};

// Thread-safe.
class AddressLimits {
 public:
  AddressLimits(AddressLimitsOptions options, Clock& clock, Metrics& metrics);
  // Zero: admitted; else the time until one more is. ip: without port; what is no address is admitted.
  absl::Duration TakeConnection(std::string_view ip) { return Take(options_.connections, "connection", ip); }
  absl::Duration TakeHandshake(std::string_view ip) { return Take(options_.handshakes, "handshake", ip); }

 private:
  absl::Duration Take(const RateLimit& limit, const char* what, std::string_view ip);

  const AddressLimitsOptions options_;
  Metrics& metrics_;
  BucketTable table_;
};

// What is counted together: 4 bytes of an IPv4 address, also of one that is written as IPv6; the first 8 of an IPv6
// address; "" of what is none.
std::string CountedPrefix(std::string_view ip);

}  // namespace trivium::gateway
