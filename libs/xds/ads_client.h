// ADS client: keeps a ResourceStore equal to what an ADS server says about the names that are wanted, and keeps the
// last good state while the server is away or says something bad. The upstream side of the last-good relay.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "libs/telemetry/metrics.h"
#include "libs/xds/resources.h"

namespace trivium::xds {

inline constexpr Metric kUpstreamConnected{"trivium_xds_upstream_connected",
                                           "1 while the ADS server above answers, else 0."};
inline constexpr Metric kUpstreamNacks{"trivium_xds_upstream_nacks_total",
                                       "Responses of the ADS server above that were refused."};

struct AdsClientOptions {
  std::string address;  // gRPC target, plaintext: "127.0.0.1:21001", "unix:/path".
  std::string node_id;
  absl::Duration min_backoff = absl::Milliseconds(100);  // Doubled after each failure, with jitter.
  absl::Duration max_backoff = absl::Seconds(5);
};

// Thread-safe; one thread of its own. store and metrics outlive it.
class AdsClient {
 public:
  AdsClient(AdsClientOptions options, ResourceStore& store, Metrics& metrics);
  ~AdsClient();
  // Begins with what the store holds.
  void Start();
  void Stop();
  // Whether the server has answered on the stream of now.
  bool connected() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::xds
