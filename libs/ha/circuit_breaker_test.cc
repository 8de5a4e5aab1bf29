#include "libs/ha/circuit_breaker.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trivium::ha {
namespace {

const CircuitBreakerOptions kOptions{
    .failures = 3, .open_for = absl::Milliseconds(100), .max_open_for = absl::Milliseconds(300)};

void Fail(CircuitBreaker& breaker, Clock& clock, int times) {
  for (int i = 0; i < times; ++i) {
    if (breaker.Allow()) breaker.Failed(clock.Monotonic());
  }
}

TEST(CircuitBreaker, OpensAfterFailuresInARowOnly) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, clock, 2);
  breaker.Succeeded();
  Fail(breaker, clock, 2);
  EXPECT_FALSE(breaker.open());
  Fail(breaker, clock, 1);
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.Allow());
}

// Eight slow calls that end in time-outs together, while others were answered, were taken for an outage.
TEST(CircuitBreaker, DoesNotCountFailuresOfCallsThatBeganBeforeTheLastSuccess) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  const absl::Duration slow_began = clock.Monotonic();
  clock.Advance(absl::Milliseconds(10));
  breaker.Succeeded();
  clock.Advance(absl::Seconds(3));
  for (int i = 0; i < 100; ++i) breaker.Failed(slow_began);
  EXPECT_FALSE(breaker.open());
  Fail(breaker, clock, kOptions.failures);
  EXPECT_TRUE(breaker.open());
}

TEST(CircuitBreaker, LetsOneProbeThroughAndClosesOnItsSuccess) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, clock, 3);
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
  Fail(breaker, clock, 3);
  for (int wait_ms : {100, 200, 300, 300}) {
    clock.Advance(absl::Milliseconds(wait_ms - 1));
    EXPECT_FALSE(breaker.Allow()) << wait_ms;
    clock.Advance(absl::Milliseconds(1));
    ASSERT_TRUE(breaker.Allow()) << wait_ms;
    breaker.Failed(clock.Monotonic());
  }
}

TEST(CircuitBreaker, IgnoresLateAnswersOfCallsFromBeforeTheOpening) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, clock, 3);
  breaker.Succeeded();
  EXPECT_TRUE(breaker.open());
  breaker.Failed(clock.Monotonic());
  clock.Advance(absl::Milliseconds(100));
  EXPECT_TRUE(breaker.Allow()) << "a late failure must not prolong the wait";
}

TEST(CircuitBreaker, SurvivesAProbeThatNeverAnswers) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, clock, 3);
  clock.Advance(absl::Milliseconds(100));
  ASSERT_TRUE(breaker.Allow());
  clock.Advance(absl::Milliseconds(100));
  EXPECT_TRUE(breaker.Allow());
}

TEST(CircuitBreaker, LetsExactlyOneOfManyThreadsProbe) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, clock, 3);
  clock.Advance(absl::Milliseconds(100));
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { allowed += breaker.Allow(); });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(allowed, 1);
}

}  // namespace
}  // namespace trivium::ha
