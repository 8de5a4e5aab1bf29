#include "services/gateway/connection/timing_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace trivium::gateway {
namespace {

std::vector<int> Advance(TimingWheel& wheel, uint64_t now_ms) {
  std::vector<int> fired;
  wheel.Advance(now_ms, [&](Timer& timer) { fired.push_back(timer.kind); });
  return fired;
}

TEST(TimingWheel, FiresWhatIsDueInOrderAndOnce) {
  TimingWheel wheel(1000);
  Timer a(nullptr, 1), b(nullptr, 2), c(nullptr, 3);
  wheel.Set(b, 1200);
  wheel.Set(a, 1001);
  wheel.Set(c, 1000 + 70 * 60000);
  EXPECT_EQ(Advance(wheel, 1000), (std::vector<int>{}));
  EXPECT_EQ(Advance(wheel, 1199), (std::vector<int>{1}));
  EXPECT_EQ(Advance(wheel, 1200), (std::vector<int>{2}));
  EXPECT_EQ(Advance(wheel, 999 + 70 * 60000), (std::vector<int>{}));
  EXPECT_EQ(Advance(wheel, 1000 + 71 * 60000), (std::vector<int>{3}));
  EXPECT_EQ(wheel.NextWake(), TimingWheel::kNever);
}

TEST(TimingWheel, WhatIsDueAlreadyFiresAtOnce) {
  TimingWheel wheel(5000);
  Timer a(nullptr, 1);
  wheel.Set(a, 17);
  EXPECT_EQ(wheel.NextWake(), 5000u);
  EXPECT_EQ(Advance(wheel, 5000), (std::vector<int>{1}));
}

TEST(TimingWheel, ATimerMayMoveItselfAndCancelOthersWhileFiring) {
  TimingWheel wheel(0);
  Timer a(nullptr, 1), b(nullptr, 2);
  wheel.Set(a, 10);
  wheel.Set(b, 10);
  int fired = 0;
  wheel.Advance(35, [&](Timer& timer) {
    ++fired;
    if (timer.kind != 1) return;
    wheel.Cancel(b);
    wheel.Set(a, timer.due_ms + 10);
  });
  EXPECT_EQ(fired, 3);
  EXPECT_FALSE(b.armed());
  EXPECT_EQ(a.due_ms, 40u);
}

TEST(TimingWheel, KeepsATimerBeyondItsHorizon) {
  TimingWheel wheel(123456789);
  Timer a(nullptr, 1);
  const uint64_t year_ms = 365ull * 24 * 3600 * 1000;
  wheel.Set(a, 123456789 + year_ms);
  EXPECT_EQ(Advance(wheel, 123456788 + year_ms), (std::vector<int>{}));
  EXPECT_EQ(Advance(wheel, 123456789 + year_ms), (std::vector<int>{1}));
}

// Against a sorted map: same timers at the same steps, none missed by sleeping until NextWake.
TEST(TimingWheel, BehavesAsItsModel) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    uint64_t now = random() % (uint64_t{1} << 40);
    TimingWheel wheel(now);
    std::vector<std::unique_ptr<Timer>> timers;
    std::map<Timer*, uint64_t> model;
    for (int i = 0; i < 100; ++i) timers.push_back(std::make_unique<Timer>(nullptr, 0));
    for (int step = 0; step < 3000; ++step) {
      Timer& timer = *timers[random() % timers.size()];
      const uint64_t due = now + random() % (uint64_t{1} << random() % 36);
      if (random() % 4 == 0) {
        wheel.Cancel(timer);
        model.erase(&timer);
      } else {
        wheel.Set(timer, due);
        model[&timer] = due;
      }
      uint64_t first = TimingWheel::kNever;
      for (const auto& [t, at] : model) first = std::min(first, at);
      ASSERT_LE(wheel.NextWake(), first);
      ASSERT_GE(wheel.NextWake(), now);
      if (random() % 2 == 0) continue;
      now += random() % (uint64_t{1} << random() % 30);
      uint64_t last = 0;
      wheel.Advance(now, [&](Timer& fired) {
        ASSERT_TRUE(model.contains(&fired));
        ASSERT_LE(model[&fired], now);
        ASSERT_GE(model[&fired], last);
        last = model[&fired];
        model.erase(&fired);
      });
      for (const auto& [t, at] : model) ASSERT_GT(at, now);
    }
    for (const auto& timer : timers) wheel.Cancel(*timer);
    EXPECT_EQ(wheel.NextWake(), TimingWheel::kNever);
  }
}

}  // namespace
}  // namespace trivium::gateway
