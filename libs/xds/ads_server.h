// ADS server (state of the world) over a ResourceStore. Read-only, trusts nothing that a client says.
#pragma once

#include <memory>

#include "libs/telemetry/metrics.h"
#include "libs/xds/resources.h"

namespace grpc {
class Service;
}

namespace trivium::xds {

inline constexpr Metric kAdsStreams{"trivium_xds_streams", "ADS streams that are open now."};
inline constexpr Metric kAdsRequests{
    "trivium_xds_requests_total", "Requests on ADS streams, by resource type and what they were.", {"type", "kind"}};
inline constexpr Metric kAdsResponses{
    "trivium_xds_responses_total", "Responses on ADS streams, by resource type.", {"type"}};

struct AdsServerOptions {
  bool note_wanted = false;  // Tell the store what streams ask for: a relay's.
  int max_streams = 10000;   // More are refused: RESOURCE_EXHAUSTED.
};

// Thread-safe. Register service() with one grpc::Server. store and metrics outlive it.
class AdsServer {
 public:
  AdsServer(AdsServerOptions options, ResourceStore& store, Metrics& metrics);
  // Waits for the streams to end: Stop first, while the grpc::Server runs.
  ~AdsServer();

  grpc::Service* service();
  // Ends all streams with UNAVAILABLE and refuses new ones. Idempotent.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::xds
