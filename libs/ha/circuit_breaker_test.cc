#include "libs/ha/circuit_breaker.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trivium::ha {
namespace {

const CircuitBreakerOptions kOptions{
    .failures = 3, .open_for = absl::Milliseconds(100), .max_open_for = absl::Milliseconds(300)};

void Fail(CircuitBreaker& breaker, int times) {
  for (int i = 0; i < times; ++i) {
    if (breaker.Allow()) breaker.Failed();
  }
}

TEST(CircuitBreaker, OpensAfterFailuresInARowOnly) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 2);
  breaker.Succeeded();
  Fail(breaker, 2);
  EXPECT_FALSE(breaker.open());
  Fail(breaker, 1);
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.Allow());
}

TEST(CircuitBreaker, LetsOneProbeThroughAndClosesOnItsSuccess) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  clock.Advance(absl::Milliseconds(100));
  EXPECT_TRUE(breaker.Allow());
  EXPECT_FALSE(breaker.Allow()) << "a second probe at once";
  breaker.Succeeded();
  EXPECT_FALSE(breaker.open());
  EXPECT_TRUE(breaker.Allow());
}

TEST(CircuitBreaker, DoublesTheWaitWithEveryReopeningUpToTheMaximum) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  for (int wait_ms : {100, 200, 300, 300}) {
    clock.Advance(absl::Milliseconds(wait_ms - 1));
    EXPECT_FALSE(breaker.Allow()) << wait_ms;
    clock.Advance(absl::Milliseconds(1));
    ASSERT_TRUE(breaker.Allow()) << wait_ms;
    breaker.Failed();
  }
}

TEST(CircuitBreaker, IgnoresLateAnswersOfCallsFromBeforeTheOpening) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  breaker.Succeeded();
  EXPECT_TRUE(breaker.open());
  breaker.Failed();
  clock.Advance(absl::Milliseconds(100));
  EXPECT_TRUE(breaker.Allow()) << "a late failure must not prolong the wait";
}

TEST(CircuitBreaker, SurvivesAProbeThatNeverAnswers) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  clock.Advance(absl::Milliseconds(100));
  ASSERT_TRUE(breaker.Allow());
  clock.Advance(absl::Milliseconds(100));
  EXPECT_TRUE(breaker.Allow());
}

TEST(CircuitBreaker, LetsExactlyOneOfManyThreadsProbe) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  clock.Advance(absl::Milliseconds(100));
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { allowed += breaker.Allow(); });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(allowed, 1);
}

}  // namespace
}  // namespace trivium::ha
