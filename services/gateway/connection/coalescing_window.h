// How long frames wait for others to leave with them. A reactor that keeps up lets them wait hardly at all; one that
// does not gains more by each wait than its clients lose: fewer writes, and a queue that does not grow.
#pragma once

#include <algorithm>
#include <cstdint>

namespace trivium::gateway {

// One reactor's. Not thread-safe.
class CoalescingWindow {
 public:
  CoalescingWindow(uint64_t least_ms, uint64_t most_ms)
      : least_ms_(least_ms), most_ms_(std::max(least_ms, most_ms)), now_ms_(least_ms) {}

  uint64_t ms() const { return now_ms_; }

  // The reactor has waited for something to do, and then worked.
  void Turn(uint64_t waited_us, uint64_t worked_us) {
    waited_us_ += waited_us;
    worked_us_ += worked_us;
    const uint64_t all = waited_us_ + worked_us_;
    if (all < kLookEveryUs) return;
    if (worked_us_ * 100 > all * kBusyPercent)
      now_ms_ = std::min(most_ms_, now_ms_ + std::max<uint64_t>(1, now_ms_ / 4));
    if (worked_us_ * 100 < all * kCalmPercent) now_ms_ = std::max(least_ms_, now_ms_ - std::min<uint64_t>(now_ms_, 1));
    waited_us_ = worked_us_ = 0;
  }

 private:
  static constexpr uint64_t kLookEveryUs = 10'000;
  static constexpr uint64_t kBusyPercent = 80, kCalmPercent = 50;

  const uint64_t least_ms_, most_ms_;
  uint64_t now_ms_;
  uint64_t waited_us_ = 0, worked_us_ = 0;  // Since it was last looked at.
};

}  // namespace trivium::gateway
