// What a join is measured against, in the same run.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/load/live_api.h"
#include "tests/load/samples.h"

namespace trivium::load {

// Connections to Redis: as many as live has by default.
inline constexpr int kIncrThreads = 16;

// INCR of one key, which checks nothing, through libs/redis from kIncrThreads threads: what counting alone costs.
absl::StatusOr<PhaseResult> RunIncr(const std::string& address, absl::Duration length);
// Calls of gRPC's health check in a closed loop, over the joins' own connections: what a call alone costs.
PhaseResult RunEmptyCalls(LiveApi& api, int workers, absl::Duration length);

}  // namespace trivium::load
