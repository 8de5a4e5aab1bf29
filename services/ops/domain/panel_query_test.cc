#include "services/ops/domain/panel_query.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace trivium::ops {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(PanelQueryTest, PutsProductAndWindowIn) {
  EXPECT_EQ(BuildQuery("sum(rate(x{product=~\"$product\"}[$window]))", "acme", absl::Seconds(30)),
            "sum(rate(x{product=~\"acme\"}[30s]))");
  EXPECT_EQ(BuildQuery("x{product=~\"$product\"}", "", absl::Seconds(30)), "x{product=~\".*\"}");
}

TEST(PanelQueryTest, AProductIsMatchedLiterallyWhateverItHolds) {
  EXPECT_EQ(BuildQuery("\"$product\"", ".*", absl::Seconds(8)), R"("\\x{2e}\\x{2a}")");
  for (const char* hostile : {"a\"} or up #", "a|b", "a\\", "$window", "a\nb", "é"}) {
    const std::string query = BuildQuery("x{product=~\"$product\"}", hostile, absl::Seconds(8));
    EXPECT_EQ(std::count(query.begin(), query.end(), '"'), 2) << query;
    EXPECT_EQ(query.find_first_of("|#\n$"), std::string::npos) << query;
  }
}

TEST(PanelQueryTest, StepFitsThePointsAndTheScrapeInterval) {
  const auto hour = PlanRange(kNow - absl::Hours(1), kNow, 120, absl::Seconds(2));
  EXPECT_EQ(hour.step, absl::Seconds(30));
  EXPECT_EQ(hour.window, absl::Seconds(30));
  const auto minute = PlanRange(kNow - absl::Minutes(1), kNow, 0, absl::Seconds(2));
  EXPECT_EQ(minute.step, absl::Seconds(2));
  EXPECT_EQ(minute.window, absl::Seconds(8));
}

TEST(PanelQueryTest, TheGridStandsStillWhileTimeGoesOn) {
  const auto before = PlanRange(kNow - absl::Hours(1), kNow, 60, absl::Seconds(2));
  const auto after = PlanRange(kNow - absl::Hours(1) + absl::Seconds(5), kNow + absl::Seconds(5), 60, absl::Seconds(2));
  EXPECT_EQ(before.start, after.start);
}

struct WrongRange {
  absl::Duration start, end;  // From now.
  int points;
  const char* field;
};
class WrongRangeTest : public testing::TestWithParam<WrongRange> {};
TEST_P(WrongRangeTest, IsRefusedWithItsField) {
  const auto wrong = RangeViolations(kNow + GetParam().start, kNow + GetParam().end, GetParam().points, kNow);
  ASSERT_FALSE(wrong.empty());
  EXPECT_EQ(wrong[0].first, GetParam().field);
}
INSTANTIATE_TEST_SUITE_P(All, WrongRangeTest,
                         testing::Values(WrongRange{absl::Hours(-1), absl::Hours(-1), 0, "end_time"},
                                         WrongRange{absl::Hours(-1), absl::Hours(-2), 0, "end_time"},
                                         WrongRange{absl::Hours(-1), absl::Minutes(2), 0, "end_time"},
                                         WrongRange{absl::Hours(-24 * 32), absl::ZeroDuration(), 0, "end_time"},
                                         WrongRange{-absl::InfiniteDuration(), absl::ZeroDuration(), 0, "start_time"},
                                         WrongRange{absl::Hours(-1), absl::ZeroDuration(), 1, "max_points"},
                                         WrongRange{absl::Hours(-1), absl::ZeroDuration(), 1001, "max_points"},
                                         WrongRange{absl::Hours(-1), absl::ZeroDuration(), -5, "max_points"}));

TEST(PanelQueryTest, NamesSeriesByTheirLabels) {
  EXPECT_EQ(SeriesLabel("{{service}} {{method}}", {{"service", "payment"}, {"method", "Get"}}), "payment Get");
  EXPECT_EQ(SeriesLabel("{{gone}}x", {}), "x");
  EXPECT_EQ(SeriesLabel("plain {{", {}), "plain {{");
}

TEST(PanelQueryTest, MissingPointsAreGaps) {
  const QueryRange range{absl::FromUnixSeconds(100), absl::FromUnixSeconds(130), absl::Seconds(10), absl::Seconds(10)};
  const Samples samples = OnGrid(range, {{100, 1}, {120, 3}, {500, 9}});
  EXPECT_EQ(samples.times, (std::vector<double>{100, 110, 120, 130}));
  EXPECT_EQ(samples.values[0], 1);
  EXPECT_TRUE(std::isnan(samples.values[1]));
  EXPECT_EQ(samples.values[2], 3);
}

}  // namespace
}  // namespace trivium::ops
