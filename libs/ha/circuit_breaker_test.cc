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
    if (const auto call = breaker.Allow()) breaker.Failed(*call);
  }
}

TEST(CircuitBreaker, OpensAfterFailuresInARowOnly) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 2);
  breaker.Succeeded(*breaker.Allow());
  Fail(breaker, 2);
  EXPECT_FALSE(breaker.open());
  Fail(breaker, 1);
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.Allow());
}

// Eight slow calls that end in time-outs together, while others were answered, were taken for an outage.
TEST(CircuitBreaker, DoesNotCountFailuresOfCallsThatBeganBeforeTheLastSuccess) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  std::vector<CircuitBreaker::Call> slow;
  for (int i = 0; i < 100; ++i) slow.push_back(*breaker.Allow());
  breaker.Succeeded(*breaker.Allow());
  for (const CircuitBreaker::Call call : slow) breaker.Failed(call);
  EXPECT_FALSE(breaker.open());
  Fail(breaker, kOptions.failures);
  EXPECT_TRUE(breaker.open());
}

TEST(CircuitBreaker, LetsOneProbeThroughAndClosesOnItsSuccess) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  clock.Advance(absl::Milliseconds(100));
  const auto probe = breaker.Allow();
  ASSERT_TRUE(probe);
  EXPECT_FALSE(breaker.Allow()) << "a second probe at once";
  breaker.Succeeded(*probe);
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
    const auto probe = breaker.Allow();
    ASSERT_TRUE(probe) << wait_ms;
    breaker.Failed(*probe);
  }
}

TEST(CircuitBreaker, IgnoresLateAnswersOfCallsFromBeforeTheOpening) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  const CircuitBreaker::Call late[] = {*breaker.Allow(), *breaker.Allow(), *breaker.Allow()};
  Fail(breaker, 3);
  breaker.Succeeded(late[0]);
  EXPECT_TRUE(breaker.open());
  clock.Advance(absl::Milliseconds(50));
  breaker.Failed(late[1]);
  breaker.Undecided(late[2]);
  clock.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(breaker.Allow()) << "a late failure must not prolong the wait";
}

// They were taken for the probe's outcome, and the probe's own then for a late one: the breaker stayed open.
TEST(CircuitBreaker, AProbesSuccessClosesWhateverCallsFromBeforeTheOpeningCameTo) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  const CircuitBreaker::Call late[] = {*breaker.Allow(), *breaker.Allow(), *breaker.Allow()};
  Fail(breaker, 3);
  clock.Advance(absl::Milliseconds(100));
  const auto probe = breaker.Allow();
  ASSERT_TRUE(probe);
  breaker.Failed(late[0]);
  breaker.Undecided(late[1]);
  breaker.Succeeded(*probe);
  EXPECT_FALSE(breaker.open());
  for (int i = 0; i < kOptions.failures; ++i) breaker.Failed(late[2]);
  EXPECT_FALSE(breaker.open()) << "and after it they say nothing new";
}

// A host that answers more slowly than open_for has several probes out.
TEST(CircuitBreaker, OfProbesSideBySideAnySuccessClosesAndOneFailureCounts) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  std::vector<CircuitBreaker::Call> probes;
  for (int i = 0; i < 3; ++i) {
    clock.Advance(absl::Milliseconds(100));
    const auto probe = breaker.Allow();
    ASSERT_TRUE(probe);
    probes.push_back(*probe);
  }
  breaker.Failed(probes[0]);
  breaker.Failed(probes[1]);
  clock.Advance(absl::Milliseconds(199));
  EXPECT_FALSE(breaker.Allow());
  clock.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(breaker.Allow()) << "doubled once";
  breaker.Succeeded(probes[2]);
  EXPECT_FALSE(breaker.open());
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

TEST(CircuitBreaker, ADoubtfulCallProbesOnlyWhereNoOtherDoesAndHoldsNoneBack) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  EXPECT_TRUE(breaker.Allow(/*doubtful=*/true)) << "closed";
  Fail(breaker, 3);
  clock.Advance(absl::Milliseconds(199));
  EXPECT_FALSE(breaker.Allow(/*doubtful=*/true));
  clock.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(breaker.Allow(/*doubtful=*/true));
  EXPECT_FALSE(breaker.Allow(/*doubtful=*/true)) << "a second one at once";
  const auto probe = breaker.Allow();
  ASSERT_TRUE(probe) << "beside a doubtful one";
  breaker.Undecided(*probe);
  clock.Advance(absl::Milliseconds(199));
  EXPECT_FALSE(breaker.Allow(/*doubtful=*/true)) << "another has probed";
  clock.Advance(absl::Milliseconds(1));
  const auto doubtful = breaker.Allow(/*doubtful=*/true);
  ASSERT_TRUE(doubtful);
  breaker.Succeeded(*doubtful);
  EXPECT_FALSE(breaker.open());
}

TEST(CircuitBreaker, LetsExactlyOneOfManyThreadsProbe) {
  FakeClock clock;
  CircuitBreaker breaker(kOptions, clock);
  Fail(breaker, 3);
  clock.Advance(absl::Milliseconds(100));
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { allowed += breaker.Allow().has_value(); });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(allowed, 1);
}

}  // namespace
}  // namespace trivium::ha
