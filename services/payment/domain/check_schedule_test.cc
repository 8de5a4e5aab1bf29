#include "services/payment/domain/check_schedule.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace trivium::payment {
namespace {

constexpr int kMany = std::numeric_limits<int>::max();

TEST(CheckScheduleTest, AsksLessAndLessOftenForEver) {
  for (int checks = 0; checks < 20; ++checks) EXPECT_LE(CheckDelay(checks), CheckDelay(checks + 1)) << checks;
  EXPECT_EQ(CheckDelay(-1), absl::Seconds(2));
  EXPECT_EQ(CheckDelay(0), absl::Seconds(2));
  EXPECT_EQ(CheckDelay(6), absl::Hours(1));
  EXPECT_EQ(CheckDelay(kMany), absl::Hours(1));
}

TEST(CheckScheduleTest, ADelayFollowsAgeScheduleAndWhetherThePspAnswered) {
  struct Case {
    const char* what;
    absl::Duration age;
    int checks;
    int failed;  // -1: it was answered.
    int unanswered;
    absl::Duration want;
  };
  constexpr Case kCases[] = {
      {"a young object is asked about soon, whatever was asked before", absl::Seconds(3), 50, -1, 0, absl::Seconds(3)},
      {"an old one by the schedule", absl::Hours(5), 1, -1, 0, absl::Seconds(15)},
      {"not more often than the first delay", absl::ZeroDuration(), 0, -1, 0, absl::Seconds(2)},
      {"a clock that went back", -absl::Hours(1), 3, -1, 0, absl::Seconds(2)},
      {"a clock that leapt", absl::InfiniteDuration(), 4, -1, 0, absl::Minutes(15)},
      {"at most an hour", absl::Hours(1000), 1000000, -1, 0, absl::Hours(1)},
      {"what was not asked is asked within ten seconds", absl::Hours(1000), 1000000, 0, 0, absl::Seconds(10)},
      {"also what was not answered once", absl::Hours(5), 1, 1, 1, absl::Seconds(10)},
      {"sooner where the schedule says so", absl::Hours(5), 0, 0, 0, absl::Seconds(5)},
      {"not asked, a young object", absl::Seconds(4), 9, 0, 0, absl::Seconds(4)},
      {"silent twice", absl::Seconds(4), 9, 2, 2, absl::Seconds(20)},
      {"silent four times", absl::Hours(4), 0, 4, 4, absl::Seconds(80)},
      {"silent six times: five minutes", absl::Hours(4), 0, 6, 6, absl::Minutes(5)},
      {"silent for ever: five minutes", absl::Hours(1000), 1000000, kMany, kMany, absl::Minutes(5)},
      {"an error, a young object", absl::Seconds(4), 9, 1, 0, absl::Seconds(4)},
      {"six errors", absl::Hours(5), 9, 6, 0, absl::Seconds(10)},
      {"seven errors", absl::Hours(5), 9, 7, 0, absl::Seconds(20)},
      {"ten errors", absl::Hours(5), 0, 10, 0, absl::Seconds(160)},
      {"errors for ever: five minutes", absl::Hours(1000), 1000000, kMany, 0, absl::Minutes(5)},
      {"an error after silences", absl::Hours(5), 9, 4, 0, absl::Seconds(10)},
      {"errors and silence by turns: they add up", absl::Hours(5), 9, 8, 1, absl::Seconds(40)},
  };
  for (const Case& c : kCases) {
    const absl::Duration delay =
        c.failed < 0 ? DelayAfterNoNews(c.age, c.checks) : DelayAfterFailure(c.age, c.checks, c.failed, c.unanswered);
    EXPECT_EQ(delay, c.want) << c.what;
  }
}

// Twenty seconds of outage used to put the next question off by five minutes.
TEST(CheckScheduleTest, AnOutageDelaysNoQuestionByMoreThanTenSeconds) {
  for (int checks = 0; checks < 1000; ++checks) {
    for (const absl::Duration age : {absl::Seconds(1), absl::Minutes(1), absl::Hours(24)}) {
      EXPECT_LE(DelayAfterFailure(age, checks, 0, 0), kUnansweredDelayMax) << checks << " " << age;
    }
  }
}

TEST(CheckScheduleTest, GapsAtMostDoubleWhatHasPassed) {
  absl::Duration age = CheckDelay(0);
  for (int checks = 0; age < absl::Hours(3); ++checks) {
    const absl::Duration delay = DelayAfterNoNews(age, checks);
    EXPECT_GE(delay, CheckDelay(0));
    EXPECT_LE(delay, age) << "the answer to a question that was late would come later than twice its time";
    age += delay;
  }
}

// What a breaker refused in one second must not come back in one second.
TEST(CheckScheduleTest, SpreadsByTheIdAndNeverBeyondTheDelay) {
  std::set<absl::Duration> delays;
  for (uint8_t i = 0; i < 100; ++i) {
    Id id;
    id.bytes[15] = i;
    const absl::Duration delay = Spread(absl::Seconds(10), id);
    EXPECT_GE(delay, absl::Seconds(5));
    EXPECT_LE(delay, absl::Seconds(10));
    EXPECT_EQ(delay, Spread(absl::Seconds(10), id));
    delays.insert(delay);
  }
  EXPECT_GT(delays.size(), 60u);
  EXPECT_GT(*delays.rbegin() - *delays.begin(), absl::Seconds(4));
}

}  // namespace
}  // namespace trivium::payment
