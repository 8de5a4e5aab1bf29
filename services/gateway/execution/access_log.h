// The access log: one JSON line for a call, a refused request, the end of a connection. Never a token, a payload, a
// uid.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/ha/token_bucket.h"
#include "libs/log/log.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace trivium::gateway {

struct AccessLogOptions {
  double sample = 0.01;           // Share of what went well that is written, 0 to 1, chosen by trace id.
  double lines_per_second = 100;  // At most, of all kinds; failures count, too. 0: no access log.
};

struct AccessRecord {
  std::string_view what;              // "call", "request" (refused before it was one), "connection".
  std::string_view via;               // "http", "socket".
  std::string_view product, command;  // "": not known.
  std::string_view peer;              // Address, without port; its last part is not written.
  absl::Status status;
  std::string reason;  // ErrorInfo's, or why a connection ended.
  absl::Duration took;
  size_t bytes_in = 0, bytes_out = 0;
};

// "203.0.113.0" of "203.0.113.7", "2001:db8:1::" of "2001:db8:1:2::7": enough to see where a flood comes from, and
// nobody's address.
std::string Masked(std::string_view address);

// Thread-safe.
class AccessLog {
 public:
  AccessLog(AccessLogOptions options, Clock& clock, Metrics& metrics);  // References outlive it.
  // Writes all failures and the sampled part of the rest, within the limit.
  void Write(const TraceContext& trace, const AccessRecord& record);

 private:
  bool IsSampled(const TraceContext& trace) const;

  const AccessLogOptions options_;
  ha::TokenBucket lines_;
  Counter& left_out_;
};

}  // namespace trivium::gateway
