#include "libs/ha/token_bucket.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trivium::ha {
namespace {

TEST(TokenBucket, GivesABurstThenItsRate) {
  FakeClock clock;
  TokenBucket bucket(10, 3, clock);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.Take(), absl::ZeroDuration());
  const absl::Duration wait = bucket.Take();
  EXPECT_NEAR(absl::ToDoubleSeconds(wait), 0.1, 1e-6);
  clock.Advance(absl::Milliseconds(99));
  EXPECT_GT(bucket.Take(), absl::ZeroDuration());
  clock.Advance(absl::Milliseconds(1));
  EXPECT_EQ(bucket.Take(), absl::ZeroDuration());
  EXPECT_GT(bucket.Take(), absl::ZeroDuration());
}

TEST(TokenBucket, KeepsAtMostItsBurstOverALongPause) {
  FakeClock clock;
  TokenBucket bucket(1000, 2, clock);
  clock.Advance(absl::Hours(24));
  EXPECT_EQ(bucket.Take(), absl::ZeroDuration());
  EXPECT_EQ(bucket.Take(), absl::ZeroDuration());
  EXPECT_GT(bucket.Take(), absl::ZeroDuration());
}

TEST(TokenBucket, WithARateOfZeroNeverGivesMoreThanItsBurst) {
  FakeClock clock;
  TokenBucket bucket(0, 1, clock);
  EXPECT_EQ(bucket.Take(), absl::ZeroDuration());
  EXPECT_EQ(bucket.Take(), absl::InfiniteDuration());
}

TEST(TokenBucket, ANewRateCountsFromNow) {
  FakeClock clock;
  TokenBucket bucket(1, 1, clock);
  ASSERT_EQ(bucket.Take(), absl::ZeroDuration());
  clock.Advance(absl::Milliseconds(500));
  bucket.SetRate(100, 1);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(bucket.Take()), 5, 1e-3) << "half a token is there already";
}

TEST(TokenBucket, GivesEachTokenToOneThread) {
  FakeClock clock;
  TokenBucket bucket(1, 50, clock);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) taken += bucket.Take() == absl::ZeroDuration();
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(taken, 50);
}

}  // namespace
}  // namespace trivium::ha
