#include "libs/clock/clock.h"

#include <gtest/gtest.h>

namespace trivium {
namespace {

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock(absl::FromUnixSeconds(100));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(100));
  clock.Advance(absl::Milliseconds(1500));
  clock.Sleep(absl::Milliseconds(500));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(102));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(2));
}

TEST(RealClock, Runs) {
  Clock& clock = Clock::Real();
  const absl::Duration before = clock.Monotonic();
  clock.Sleep(absl::Milliseconds(2));
  EXPECT_GE(clock.Monotonic() - before, absl::Milliseconds(2));
  EXPECT_GT(clock.Now(), absl::FromUnixSeconds(1'500'000'000));
}

}  // namespace
}  // namespace trivium
