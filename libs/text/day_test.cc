#include "libs/text/day.h"

#include <gtest/gtest.h>

namespace trivium {
namespace {

absl::TimeZone Zone(const char* name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

TEST(DayTest, ParsesCalendarDaysOnly) {
  EXPECT_EQ(ParseDay("2026-11-22"), absl::CivilDay(2026, 11, 22));
  EXPECT_EQ(ParseDay("2028-02-29"), absl::CivilDay(2028, 2, 29));
  for (const char* bad : {"", "2026-02-30", "2027-02-29", "2026-13-01", "2026-1-1", "2026-11-2x", "2026/11/22",
                          "1999-12-31", "0000-00-00", "2026-11-22 ", "+026-11-22", "2026-11-22T00"}) {
    EXPECT_EQ(ParseDay(bad), std::nullopt) << bad;
  }
}

TEST(DayTest, FollowsTheZone) {
  const DayBounds shanghai = BoundsOf(absl::CivilDay(2026, 11, 22), Zone("Asia/Shanghai"));
  EXPECT_EQ(absl::FormatTime(shanghai.start, absl::UTCTimeZone()), "2026-11-21T16:00:00+00:00");
  EXPECT_EQ(shanghai.end - shanghai.start, absl::Hours(24));
}

TEST(DayTest, DaysAreLongerOrShorterWhenClocksChange) {
  const DayBounds spring = BoundsOf(absl::CivilDay(2026, 3, 8), Zone("America/New_York"));
  EXPECT_EQ(spring.end - spring.start, absl::Hours(23));
  const DayBounds autumn = BoundsOf(absl::CivilDay(2026, 11, 1), Zone("America/New_York"));
  EXPECT_EQ(autumn.end - autumn.start, absl::Hours(25));
}

}  // namespace
}  // namespace trivium
