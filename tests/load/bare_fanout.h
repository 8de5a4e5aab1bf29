// The baseline of fan-out: the same bytes to as many sockets by the barest loop that there is, one writev a socket and
// turn, and one thread that reads them as the load's clients do. What the kernel makes possible on this machine.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::load {

// So long readers of fan-out let what comes gather (client::LoopOptions), these and the clients.
inline constexpr absl::Duration kFanoutGather = absl::Milliseconds(1);

struct BareResult {
  int64_t deliveries = 0;
  double seconds = 0;
  double cpu_seconds = 0;         // Of both ends.
  double p50_ms = 0, p99_ms = 0;  // Of RunPaced: from when a message is due until it is read.
  double PerSecond() const { return seconds > 0 ? static_cast<double>(deliveries) / seconds : 0; }
};

class BareFanout {
 public:
  // RESOURCE_EXHAUSTED when there are not two file descriptors for each.
  static absl::StatusOr<std::unique_ptr<BareFanout>> Create(int sockets);
  ~BareFanout();
  // As many messages of `bytes` as go through: each turn writes `together` of them to every socket. Counts what was
  // read.
  BareResult Run(absl::Duration length, size_t bytes, int together);
  // So many messages a second: each turn writes to every socket what is due by then, together.
  BareResult RunPaced(absl::Duration length, size_t bytes, int per_second);

 private:
  struct Impl;
  explicit BareFanout(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::load
