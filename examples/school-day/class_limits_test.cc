#include "examples/school-day/class_limits.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace trivium::schoolday {
namespace {

class ReadClassLimitsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ + "/acme");
    std::filesystem::create_directories(folder_ + "/globex");
    Write("/acme/profile.yaml", "live:\n  institution_capacity: {rtc: 24, fast: 2, standard: 3}\n");
    Write("/globex/profile.yaml", "live: {}\n");
    Write("/cell.yaml",
          "platform: {rtc: 7, fast: 8, standard: 9}\nnodes:\n  - name: node-a\n    capacity: {rtc: 5, fast: 6, "
          "standard: 7}\n");
  }
  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ + name) << text; }

  const std::string folder_ = testing::TempDir() + "/class_limits";
};

TEST_F(ReadClassLimitsTest, TakesWhatWasPublishedAndDefaults) {
  const auto limits = ReadClassLimits(folder_, folder_ + "/cell.yaml", {"acme", "globex", "unknown"});
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_EQ(limits->institution.at("acme"), (RungPlaces{24, 2, 3}));
  EXPECT_EQ(limits->product.at("acme"), (RungPlaces{2'000, 10'000, 50'000}));
  EXPECT_EQ(limits->institution.at("globex"), (RungPlaces{1'000, 5'000, 20'000}));
  EXPECT_EQ(limits->product.count("unknown"), 0u);
  EXPECT_TRUE(limits->platform_known);
  EXPECT_EQ(limits->platform, (RungPlaces{7, 8, 9}));
  EXPECT_EQ(limits->node.at("node-a"), (RungPlaces{5, 6, 7}));
}

TEST_F(ReadClassLimitsTest, WhatIsNotThereIsNotKnownAndWhatIsWrongIsAnError) {
  EXPECT_FALSE(ReadClassLimits(folder_, folder_ + "/none.yaml", {"acme"})->platform_known);
  Write("/acme/profile.yaml", "live: {leese: 3s}\n");
  EXPECT_FALSE(ReadClassLimits(folder_, folder_ + "/cell.yaml", {"acme"}).ok());
}

}  // namespace
}  // namespace trivium::schoolday
