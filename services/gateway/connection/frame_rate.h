// Rate limit of a connection's frames, in 8 bytes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace trivium::gateway {

// A token bucket as the generic cell rate algorithm (ITU-T I.371): one time instead of tokens and the time of their
// last refill. Not thread-safe.
class FrameRate {
 public:
  // Whether one more may come at now_us, a time that never goes back. rate: a second, 0: no limit; burst: >= 1.
  bool Take(uint64_t now_us, double rate, int burst) {
    if (rate <= 0) return true;
    const auto interval_us = static_cast<uint64_t>(1e6 / rate);
    const uint64_t start = std::max(empty_at_us_, now_us);
    if (start - now_us > interval_us * static_cast<uint64_t>(burst - 1)) return false;
    empty_at_us_ = start + interval_us;
    return true;
  }

 private:
  uint64_t empty_at_us_ = 0;  // When the frames so far will have been worked off at that rate.
};

}  // namespace trivium::gateway
