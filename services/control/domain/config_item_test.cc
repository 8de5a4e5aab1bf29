#include "services/control/domain/config_item.h"

#include <gtest/gtest.h>

namespace trivium::control::domain {
namespace {

ConfigItem Item(int64_t version, const std::string& value, int32_t percentage = 100, const std::string& previous = "") {
  return {.kind = "k",
          .name = "n",
          .version = version,
          .value = value,
          .percentage = percentage,
          .previous_value = previous};
}

TEST(CheckPublicationTest, ChecksTheExpectedVersionAndWhatOtherKeysWouldKeep) {
  const ConfigItem third = Item(3, "v");
  const struct {
    int64_t expected_version;
    int32_t percentage;
    const ConfigItem* newest;
    PublishProblem want;
  } kCases[] = {
      {0, 100, nullptr, PublishProblem::kNone},
      {0, 100, &third, PublishProblem::kNone},
      {3, 100, &third, PublishProblem::kNone},
      {2, 100, &third, PublishProblem::kVersionConflict},
      {-1, 100, &third, PublishProblem::kVersionConflict},
      {-1, 100, nullptr, PublishProblem::kNone},
      {1, 100, nullptr, PublishProblem::kVersionConflict},
      {0, 10, nullptr, PublishProblem::kNothingToKeep},
      {0, 10, &third, PublishProblem::kNone},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(CheckPublication({.percentage = c.percentage, .expected_version = c.expected_version}, c.newest), c.want)
        << c.expected_version << " " << c.percentage;
  }
}

TEST(NextVersionTest, OtherKeysKeepTheValueFromBeforeTheRelease) {
  const absl::Time now = absl::FromUnixSeconds(7);
  const ConfigItem one = NextVersion({.kind = "k", .name = "n", .value = "a"}, nullptr, now);
  EXPECT_EQ(one.version, 1);
  EXPECT_EQ(one.create_time, now);
  const ConfigItem two = NextVersion({.value = "b", .percentage = 10}, &one, now);
  EXPECT_EQ(two.previous_value, "a");
  const ConfigItem three = NextVersion({.value = "b", .percentage = 50}, &two, now);
  EXPECT_EQ(three.previous_value, "a");
  EXPECT_EQ(three.version, 3);
  const ConfigItem four = NextVersion({.value = "b"}, &three, now);
  EXPECT_EQ(four.previous_value, "");
  EXPECT_EQ(four.percentage, 100);
}

}  // namespace
}  // namespace trivium::control::domain
