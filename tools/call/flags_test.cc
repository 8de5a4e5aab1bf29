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

TEST(ParseFlags, HelpNeedsNoMethod) {
  EXPECT_EQ(ParseFlags({"--product=acme", "--help"})->help, Usage());
  EXPECT_EQ(ParseFlags({"--product=acme"})->help, "");
  EXPECT_THAT(Usage(), HasSubstr("\n  --limit N "));
}

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

INSTANTIATE_TEST_SUITE_P(
    All, BadFlags,
    testing::Values(Bad{{"--prodct", "acme"}, "do you mean --product?"}, Bad{{"--product"}, "--product: want a value"},
                    Bad{{"--limit", "0"}, "--limit: '0', want 1-2147483647"},
                    Bad{{"--timeout", "soon"}, "--timeout: 'soon', want more than 0, such as 10s or 200ms"},
                    Bad{{"--timeout=-1s"}, "--timeout: '-1s', want more than 0"},
                    Bad{{"--timeout=0"}, "--timeout: '0', want more than 0"},
                    Bad{{"--product="}, "--product: '', want a name"}, Bad{{"-x"}, "-x: unknown flag"},
                    Bad{{"--port_base", "65536"}, "--port_base: '65536', want 1-65535"},
                    Bad{{"-H", ": value"}, "-H: ': value', want name: value"},
                    Bad{{"-H", "novalue"}, "-H: 'novalue', want name: value"},
                    Bad{{"a/B", "{}", "{}"}, "one request too many"}));

}  // namespace
}  // namespace trivium::call
