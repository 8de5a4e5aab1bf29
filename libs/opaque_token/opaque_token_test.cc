#include "libs/opaque_token/opaque_token.h"

#include <gtest/gtest.h>

#include "libs/status/error.h"

namespace trivium {
namespace {

TEST(OpaqueTokenTest, BringsThePositionBack) {
  EXPECT_EQ(ReadPageToken("list", "").value(), "");
  EXPECT_EQ(ReadPageToken("list", SealToken("list", "kind/name")).value(), "kind/name");
}

TEST(OpaqueTokenTest, RefusesWhatIsNotItsOwn) {
  const std::string token = SealToken("list", "kind/name");
  std::string changed = token;
  changed[changed.size() / 2] ^= 1;
  for (const std::string& bad : {std::string("1"), std::string("garbage"), token + "A", changed,
                                 SealToken("other", "kind/name"), std::string(100000, 'A'), std::string("\xff\xfe")}) {
    const auto read = ReadPageToken("list", bad);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(ReasonOf(read.status()), "PAGE_TOKEN_INVALID");
  }
}

}  // namespace
}  // namespace trivium
