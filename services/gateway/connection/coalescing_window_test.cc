#include "services/gateway/connection/coalescing_window.h"

#include <gtest/gtest.h>

namespace trivium::gateway {
namespace {

// Turns of a millisecond for so long, of which this share is work.
void Work(CoalescingWindow& window, int milliseconds, double share) {
  const auto worked = static_cast<uint64_t>(1000 * share);
  for (int i = 0; i < milliseconds; ++i) window.Turn(1000 - worked, worked);
}

TEST(CoalescingWindowTest, GrowsWhileTheReactorDoesNotKeepUp) {
  CoalescingWindow window(5, 20);
  EXPECT_EQ(window.ms(), 5);
  Work(window, 20, 0.95);
  EXPECT_GT(window.ms(), 5);
  EXPECT_LT(window.ms(), 20);
  Work(window, 1000, 0.95);
  EXPECT_EQ(window.ms(), 20);
}

TEST(CoalescingWindowTest, StaysWhereTheWorkFits) {
  CoalescingWindow window(5, 20);
  Work(window, 50, 0.95);
  const uint64_t reached = window.ms();
  Work(window, 1000, 0.65);
  EXPECT_EQ(window.ms(), reached);
}

TEST(CoalescingWindowTest, ShrinksInCalm) {
  CoalescingWindow window(5, 20);
  Work(window, 1000, 1);
  Work(window, 20, 0.1);
  EXPECT_LT(window.ms(), 20);
  Work(window, 1000, 0.1);
  EXPECT_EQ(window.ms(), 5);
}

TEST(CoalescingWindowTest, ManyShortTurnsAreOneLook) {
  CoalescingWindow window(0, 50);
  for (int i = 0; i < 9; ++i) window.Turn(0, 1000);
  EXPECT_EQ(window.ms(), 0);
  window.Turn(0, 1000);
  EXPECT_EQ(window.ms(), 1);
}

TEST(CoalescingWindowTest, NoneMeansNone) {
  CoalescingWindow window(0, 0);
  Work(window, 1000, 1);
  EXPECT_EQ(window.ms(), 0);
}

}  // namespace
}  // namespace trivium::gateway
