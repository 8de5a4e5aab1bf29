#include "services/control/page_token.h"

#include <gtest/gtest.h>

#include "libs/status/error.h"

namespace trivium::control {
namespace {

TEST(PageTokenTest, BringsThePositionBack) {
  EXPECT_EQ(ReadPageToken("list", "").value(), "");
  EXPECT_EQ(ReadPageToken("list", MakePageToken("list", "kind/name")).value(), "kind/name");
}

TEST(PageTokenTest, RefusesWhatIsNotItsOwn) {
  const std::string token = MakePageToken("list", "kind/name");
  std::string changed = token;
  changed[changed.size() / 2] ^= 1;
  for (const std::string& bad :
       {std::string("1"), std::string("garbage"), token + "A", changed, MakePageToken("other", "kind/name"),
        std::string(100000, 'A'), std::string("\xff\xfe")}) {
    const auto read = ReadPageToken("list", bad);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(ReasonOf(read.status()), "FIELD_INVALID");
  }
}

}  // namespace
}  // namespace trivium::control
