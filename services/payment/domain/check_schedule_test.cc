#include "services/payment/domain/check_schedule.h"

#include <gtest/gtest.h>

#include <limits>

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
    bool answered;
    absl::Duration want;
  };
  constexpr Case kCases[] = {
      {"a young object is asked about soon, whatever was asked before", absl::Seconds(3), 50, true, absl::Seconds(3)},
      {"an old one by the schedule", absl::Hours(5), 1, true, absl::Seconds(15)},
      {"not more often than the first delay", absl::ZeroDuration(), 0, true, absl::Seconds(2)},
      {"a clock that went back", -absl::Hours(1), 3, true, absl::Seconds(2)},
      {"a clock that leapt", absl::InfiniteDuration(), 4, true, absl::Minutes(15)},
      {"at most an hour", absl::Hours(1000), 1000000, true, absl::Hours(1)},
      {"a silent PSP is asked again within ten seconds", absl::Hours(1000), 1000000, false, absl::Seconds(10)},
      {"also about an object that it was asked about once", absl::Hours(5), 1, false, absl::Seconds(10)},
      {"sooner where the schedule says so", absl::Hours(5), 0, false, absl::Seconds(5)},
      {"a silent PSP, a young object", absl::Seconds(4), 9, false, absl::Seconds(4)},
  };
  for (const Case& c : kCases) EXPECT_EQ(DelayAfterNoNews(c.age, c.checks, c.answered), c.want) << c.what;
}

// Twenty seconds of outage used to put the next question off by five minutes.
TEST(CheckScheduleTest, AnOutageDelaysNoQuestionByMoreThanTenSeconds) {
  for (int checks = 0; checks < 1000; ++checks) {
    for (const absl::Duration age : {absl::Seconds(1), absl::Minutes(1), absl::Hours(24)}) {
      EXPECT_LE(DelayAfterNoNews(age, checks, false), kUnansweredDelayMax) << checks << " " << age;
    }
  }
}

TEST(CheckScheduleTest, GapsAtMostDoubleWhatHasPassed) {
  absl::Duration age = CheckDelay(0);
  for (int checks = 0; age < absl::Hours(3); ++checks) {
    const absl::Duration delay = DelayAfterNoNews(age, checks, true);
    EXPECT_GE(delay, CheckDelay(0));
    EXPECT_LE(delay, age) << "the answer to a question that was late would come later than twice its time";
    age += delay;
  }
}

}  // namespace
}  // namespace trivium::payment
