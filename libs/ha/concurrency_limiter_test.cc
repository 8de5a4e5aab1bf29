#include "libs/ha/concurrency_limiter.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trivium::ha {
namespace {

TEST(ConcurrencyLimiter, RefusesAboveTheLimitAndTakesNoPlaceForARefusal) {
  ConcurrencyLimiter limiter(2);
  EXPECT_TRUE(limiter.TryEnter());
  EXPECT_TRUE(limiter.TryEnter());
  EXPECT_FALSE(limiter.TryEnter());
  EXPECT_EQ(limiter.in_flight(), 2);
  limiter.Leave();
  EXPECT_TRUE(limiter.TryEnter());
}

TEST(ConcurrencyLimiter, NeverLetsMoreInThanItsLimit) {
  ConcurrencyLimiter limiter(3);
  std::atomic<int> inside{0}, most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 2000; ++k) {
        if (!limiter.TryEnter()) continue;
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --inside;
        limiter.Leave();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(limiter.in_flight(), 0);
}

}  // namespace
}  // namespace trivium::ha
