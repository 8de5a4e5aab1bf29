// When a client whose connection has ended connects again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace trivium::client {

// By the close code alone, as every client of the protocol does. 0: the connection just broke.
constexpr bool MayReconnect(uint32_t code) { return code < 3500 || (code >= 4000 && code < 4500) || code >= 5000; }

// Full jitter: between 0 and min * 2^tries, at most max. Thousands of clients that lost their gateway in one moment do
// not come back in one moment.
class BackOff {
 public:
  BackOff(absl::Duration min, absl::Duration max, uint64_t seed) : min_(min), max_(max), random_(seed) {}

  absl::Duration Next() {
    const absl::Duration most = std::min(max_, min_ * (int64_t{1} << std::min(tries_++, 16)));
    return most * (static_cast<double>(random_() >> 11) * 0x1p-53);
  }
  void Succeeded() { tries_ = 0; }

 private:
  const absl::Duration min_, max_;
  std::mt19937_64 random_;
  int tries_ = 0;
};

}  // namespace trivium::client
