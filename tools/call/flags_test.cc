#include "tools/call/flags.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trivium::call {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(ParseFlags, TakesMethodRequestAndFlagsInAnyOrder) {
  const auto flags = ParseFlags({"--product", "acme", "payment/GetPayment", "-H", "X-Note: a: b", "{\"id\": 1}",
                                 "--timeout=200ms", "--limit", "3"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->method, "payment/GetPayment");
  EXPECT_EQ(flags->json, "{\"id\": 1}");
  EXPECT_EQ(flags->product, "acme");
  EXPECT_EQ(flags->certificate, "product-acme");
  EXPECT_THAT(flags->metadata, ElementsAre(Pair("x-note", "a: b")));
  EXPECT_EQ(flags->timeout, absl::Milliseconds(200));
  EXPECT_EQ(flags->limit, 3);
}

TEST(ParseFlags, NamesTheCertificateOfAnIdentity) {
  EXPECT_EQ(ParseFlags({"--operator"})->certificate, "operator-dev");
  EXPECT_EQ(ParseFlags({"--operator=alice"})->certificate, "operator-alice");
  EXPECT_EQ(ParseFlags({"--service", "ops"})->certificate, "service-ops");
  EXPECT_EQ(ParseFlags({"--certificate", "none"})->certificate, "none");
}

TEST(ParseFlags, ReadsStandardInputForADash) { EXPECT_EQ(ParseFlags({"a/B", "-"})->json, "-"); }

struct Bad {
  std::vector<std::string> arguments;
  std::string message;
};

class BadFlags : public testing::TestWithParam<Bad> {};

TEST_P(BadFlags, AreRefusedWithAReason) {
  const auto flags = ParseFlags(GetParam().arguments);
  ASSERT_FALSE(flags.ok());
  EXPECT_THAT(std::string(flags.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(All, BadFlags,
                         testing::Values(Bad{{"--prodct", "acme"}, "did you mean --product?"},
                                         Bad{{"--product"}, "value missing"}, Bad{{"--limit", "0"}, "bad value '0'"},
                                         Bad{{"--timeout", "soon"}, "bad value 'soon'"},
                                         Bad{{"-H", "novalue"}, "bad value"},
                                         Bad{{"a/B", "{}", "{}"}, "one request too many"}));

}  // namespace
}  // namespace trivium::call
