// Time as a parameter: nothing with a test reads the real clock.
#pragma once

#include <atomic>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trivium {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC; may jump.
  virtual absl::Time Now() const = 0;
  // Time since some start; never goes back. For leases, time-outs, rates.
  virtual absl::Duration Monotonic() const = 0;
  // Blocks for d of this clock's time.
  virtual void Sleep(absl::Duration d) = 0;

  // The machine's clock; lives for ever.
  static Clock& Real();
};

// A clock that moves only when told to; Sleep advances it. Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1795334400)) : start_(start) {}
  absl::Time Now() const override { return start_ + Monotonic(); }
  absl::Duration Monotonic() const override { return absl::Nanoseconds(elapsed_ns_.load()); }
  void Sleep(absl::Duration d) override { Advance(d); }
  void Advance(absl::Duration d) { elapsed_ns_ += absl::ToInt64Nanoseconds(d); }

 private:
  const absl::Time start_;
  std::atomic<int64_t> elapsed_ns_{0};
};

}  // namespace trivium
