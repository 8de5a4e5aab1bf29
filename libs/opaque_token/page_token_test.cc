#include "libs/opaque_token/page_token.h"

#include <gtest/gtest.h>

#include "libs/status/error.h"

namespace trivium {
namespace {

Id SomeId() {
  Id id;
  id.bytes[3] = 7;
  return id;
}

TEST(PageTokenTest, ComesBackForItsOwnListOnly) {
  const std::string token = PageToken({"orders", "acme", ""}, SomeId());
  EXPECT_EQ(*ParsePageToken({"orders", "acme", ""}, token), SomeId());
  EXPECT_TRUE(ParsePageToken({"orders", "acme", ""}, "")->IsZero());
  EXPECT_EQ(ReasonOf(ParsePageToken({"orders", "globex", ""}, token).status()), "PAGE_TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(ParsePageToken({"orders", "", "acme"}, token).status()), "PAGE_TOKEN_INVALID");
}

TEST(PageTokenTest, RefusesAPositionThatIsNoId) {
  const std::string token = SealToken(JoinPurpose({"orders"}), "17");
  EXPECT_EQ(ReasonOf(ParsePageToken({"orders"}, token).status()), "PAGE_TOKEN_INVALID");
}

}  // namespace
}  // namespace trivium
