#include "examples/school-day/flags.h"

#include <gtest/gtest.h>

namespace trivium::schoolday {
namespace {

TEST(ParseFlags, TakesBothForms) {
  const auto flags = ParseFlags({"--students", "3000", "--seed=9", "--products=a,b", "--calm", "--json", "x.json"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->students, 3000);
  EXPECT_EQ(flags->seed, 9u);
  EXPECT_EQ(flags->products, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(flags->calm);
  EXPECT_EQ(flags->json, "x.json");
  EXPECT_EQ(ParseFlags({})->target, "xds:///%s.payment.trivium");
  EXPECT_EQ(ParseFlags({"--gateway=127.0.0.1:9"})->gateway, "127.0.0.1:9");
  EXPECT_EQ(ParseFlags({"--token_keys", "x"})->token_keys, "x");
}

TEST(ParseFlags, ReadsUpToHelp) {
  const auto flags = ParseFlags({"--seed=9", "--help", "--nonsense"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_NE(flags->help.find("1-256. Default: 8."), std::string::npos) << flags->help;
  EXPECT_EQ(ParseFlags({"--seed=9"})->help, "");
}

TEST(ParseFlags, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    const char* message;
  };
  const Case cases[] = {
      {{"--student", "3"}, "--student: unknown flag, do you mean --students?"},
      {{"xyzzyxyzzy"}, "xyzzyxyzzy: unknown flag"},
      {{"--students"}, "--students: want a value"},
      {{"--students", "0"}, "--students: '0', want 1-100000"},
      {{"--students", "many"}, "--students: 'many', want 1-100000"},
      {{"--concurrency=1000"}, "--concurrency: '1000', want 1-256"},
      {{"--json="}, "--json: '', want a value"},
      {{"--products=,"}, "--products: ',', want a value"},
      {{"--seed=-1"}, "--seed: '-1', want 0-18446744073709551615"},
      {{"--calm=no"}, "--calm: 'no', want no value"},
  };
  for (const Case& c : cases) EXPECT_EQ(ParseFlags(c.arguments).status().message(), c.message);
}

}  // namespace
}  // namespace trivium::schoolday
