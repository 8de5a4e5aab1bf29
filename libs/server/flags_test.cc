#include "libs/server/flags.h"

#include <gtest/gtest.h>

#include <vector>

namespace trivium::server {
namespace {

absl::StatusOr<Flags> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "payment");
  return ParseFlags(static_cast<int>(words.size()), words.data());
}

TEST(FlagsTest, ReadsBothForms) {
  EXPECT_EQ(Parse({"--config", "a.yaml"})->config, "a.yaml");
  EXPECT_EQ(Parse({"--config=a=b.yaml", "--check_config"})->config, "a=b.yaml");
  EXPECT_TRUE(Parse({"--config=a", "--check_config"})->check_config);
  EXPECT_TRUE(Parse({"--version"})->version);
  EXPECT_TRUE(Parse({"-h"})->help);
  EXPECT_TRUE(Parse({"--print_default_config"})->print_default_config);
  EXPECT_TRUE(Parse({})->config.empty());
}

TEST(FlagsTest, NamesTheNearestFlag) {
  EXPECT_EQ(Parse({"--confg=a"}).status().message(), "--confg: unknown flag, do you mean --config?");
  EXPECT_EQ(Parse({"start"}).status().message(), "start: unknown flag; --help lists them");
  EXPECT_EQ(Parse({"--config"}).status().message(), "--config: want a file after it");
}

}  // namespace
}  // namespace trivium::server
