// The baseline of fan-out: the same bytes to as many sockets by the barest loop that there is, one writev a socket and
// turn, and one thread that reads them. What the kernel makes possible on this machine.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::load {

struct BareResult {
  int64_t deliveries = 0;
  double seconds = 0;
  double cpu_seconds = 0;  // Of both ends.
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

 private:
  struct Impl;
  explicit BareFanout(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::load
