// Counts of answered calls; the lookup of a metric by its labels is done once for each set of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::rpc {

inline constexpr Metric kServerCalls{
    "trivium_rpc_server_calls_total",
    "Calls answered, by product (none: refused, or the platform's), service, method and code.",
    {"product", "service", "method", "code"}};
inline constexpr Metric kServerCallDuration{"trivium_rpc_server_call_duration_seconds",
                                            "Time from a call's arrival to its answer, seconds.",
                                            {"product", "service", "method", "code"}};
inline constexpr Metric kServerInFlight{"trivium_rpc_server_in_flight", "Unary calls that run or wait now."};
inline constexpr Metric kServerStreams{"trivium_rpc_server_streams", "Streams that are open now."};

// "trivium.payment.v1.PaymentService/GetPayment": "payment" and "GetPayment"; without a package of ours, the service's
// full name.
struct MethodLabels {
  std::string service, method;
};
MethodLabels LabelsOf(std::string_view method);

// Thread-safe.
class CallMetrics {
 public:
  explicit CallMetrics(Metrics& metrics) : metrics_(metrics) {}
  // product: only one that the policy has admitted; a caller must not be able to invent labels.
  void Answered(std::string_view method, const std::string& product, absl::StatusCode code, absl::Duration took);

 private:
  struct Series {
    Counter* calls;
    Histogram* duration;
  };
  using Key = std::tuple<const char*, std::string, int>;  // Method (a literal), product, code.
  Series Find(std::string_view method, const std::string& product, absl::StatusCode code);

  Metrics& metrics_;  // Not owned; outlives this.
  Mutex mu_;
  absl::flat_hash_map<Key, Series> series_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::rpc
