#include "services/payment/psp/sandbox/server/signature.h"

#include <gtest/gtest.h>

namespace trivium::payment::sandbox {
namespace {

TEST(SignatureTest, IsHmacSha256) {
  // RFC 4231, test case 2.
  EXPECT_EQ(Sign("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(SignatureTest, MatchesOnlyTheWhole) {
  const std::string good = Sign("secret", "text");
  EXPECT_TRUE(SignatureMatches("secret", "text", good));
  EXPECT_FALSE(SignatureMatches("other", "text", good));
  EXPECT_FALSE(SignatureMatches("secret", "text", ""));
  EXPECT_FALSE(SignatureMatches("secret", "text", good.substr(1)));
  EXPECT_FALSE(SignatureMatches("secret", "text", good + "0"));
}

TEST(SignatureTest, TextsAreThoseOfTheReadme) {
  EXPECT_EQ(CanonicalQuery({{"b", "2"}, {"sign", "x"}, {"a", "一 &"}}), "a=一 &&b=2");
  EXPECT_EQ(RequestText("GET", "/v1/trades/t?merchant=acme", "17", "n", ""),
            "GET\n/v1/trades/t?merchant=acme\n17\nn\n\n");
  EXPECT_EQ(AnswerText("17", "n", "{}"), "17\nn\n{}\n");
}

}  // namespace
}  // namespace trivium::payment::sandbox
