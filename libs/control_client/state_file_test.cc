#include "libs/control_client/state_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace trivium {
namespace {

std::string Path(const std::string& name) { return std::string(std::getenv("TEST_TMPDIR")) + "/" + name; }

TEST(StateFileTest, GivesBackWhatWasWritten) {
  const std::string path = Path("state"), body("\0binary\n\xff", 9);
  ASSERT_TRUE(WriteStateFile(path, "first").ok());
  ASSERT_TRUE(WriteStateFile(path, body).ok());
  EXPECT_EQ(*ReadStateFile(path), body);
  ASSERT_TRUE(WriteStateFile(path, "").ok());
  EXPECT_EQ(*ReadStateFile(path), "");
}

TEST(StateFileTest, RefusesWhatIsNotWhole) {
  const std::string path = Path("cut");
  EXPECT_EQ(ReadStateFile(path).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteStateFile(path, std::string(1000, 'x')).ok());
  ASSERT_EQ(truncate(path.c_str(), 900), 0);
  EXPECT_EQ(ReadStateFile(path).status().code(), absl::StatusCode::kDataLoss);
  for (const char* text : {"", "no line", "trivium-state 1 00000000 3\nabc", "\n"}) {
    std::ofstream(path) << text;
    EXPECT_EQ(ReadStateFile(path).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(StateFileTest, LeavesTheOldOneWhenTheDiskRefuses) {
  const std::string path = Path("kept");
  ASSERT_TRUE(WriteStateFile(path, "old").ok());
  ASSERT_EQ(mkdir((path + ".new").c_str(), 0700), 0);  // The file beside it cannot be opened.
  EXPECT_EQ(WriteStateFile(path, "new").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*ReadStateFile(path), "old");
  EXPECT_EQ(WriteStateFile("/nowhere/state", "x").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trivium
