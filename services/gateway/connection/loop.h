// What a reactor lends to its connections: time, timers, buffers and lists. One thread's.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <vector>

#include "libs/clock/clock.h"
#include "services/gateway/connection/buffer_pool.h"
#include "services/gateway/connection/coalescing_window.h"
#include "services/gateway/connection/hub.h"
#include "services/gateway/connection/metrics.h"
#include "services/gateway/connection/options.h"
#include "services/gateway/connection/send_queue.h"
#include "services/gateway/connection/timing_wheel.h"
#include "services/gateway/connection/unique_fd.h"

namespace trivium::gateway {

class SocketConnection;

inline constexpr size_t kScratchBytes = 64 << 10;  // A read.
inline constexpr int kMaxIov = 1024;               // Frames of one write: IOV_MAX of Linux.

struct Loop {
  Loop(const ReactorOptions& options, Clock& clock, Metrics& metrics)
      : options(options),
        clock(clock),
        tally(metrics),
        coalescing(Window(options)),
        wheel(NowMs()),
        scratch(kScratchBytes),
        iov(kMaxIov) {
    now_us = static_cast<uint64_t>(absl::ToInt64Microseconds(clock.Monotonic()));
  }
  // Takes the time once a turn.
  void Tick() { now_us = static_cast<uint64_t>(absl::ToInt64Microseconds(clock.Monotonic())); }
  uint64_t now_ms() const { return now_us / 1000; }

  const ReactorOptions options;
  Clock& clock;
  Tally tally;
  uint64_t now_us = 0;
  CoalescingWindow coalescing;
  UniqueFd epoll;
  TimingWheel wheel;
  BufferPool buffers;
  RingPool rings;
  Hub hub;
  std::vector<SocketConnection*> to_flush;  // Each once (SocketConnection::flush_listed_).
  std::vector<SocketConnection*> finished;  // To be destroyed when the turn ends; each once.
  std::vector<char> scratch;
  std::vector<iovec> iov;

 private:
  static CoalescingWindow Window(const ReactorOptions& options) {
    const auto ms = [](absl::Duration d) { return static_cast<uint64_t>(absl::ToInt64Milliseconds(d)); };
    const uint64_t least = ms(options.coalescing);
    return {least, least == 0 ? 0 : ms(options.max_coalescing)};
  }
  uint64_t NowMs() const { return static_cast<uint64_t>(absl::ToInt64Milliseconds(clock.Monotonic())); }
};

}  // namespace trivium::gateway
