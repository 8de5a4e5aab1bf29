#include "libs/command_line/command_line.h"

#include <gtest/gtest.h>

#include <climits>

#include "absl/strings/str_cat.h"

namespace trivium::command_line {
namespace {

struct Options {
  int seconds = 10;
  int pid = 0;
  int depth = 0;
  uint64_t seed = 1;
  std::vector<int> rates = {20, 40};
  std::string json, home = ".trv", note = "none", pay = "sandbox", operator_name;
  std::vector<std::string> products;
  bool calm = false;
  std::vector<std::string> words;
  std::string help;
};

CommandLine TableOf(Options& options) {
  return {.about = "counter: counts.",
          .flags = {Number("--seconds N", &options.seconds, 1, 3600, "Length of each phase"),
                    Number("--pid PID", &options.pid, 1, INT_MAX, "Whose CPU time"),
                    Number("--depth N", &options.depth, INT_MIN, INT_MAX, "Below zero, too"),
                    Number("--seed S", &options.seed, 0, UINT64_MAX, "The same seed plans the same"),
                    Numbers("--rates A,B", &options.rates, 1, 2000, "Messages per second"),
                    Text("--json FILE", &options.json, "Writes the report"),
                    Text("--home DIR", &options.home, "Of a platform"),
                    TextOrNothing("--note TEXT", &options.note, "Is repeated"),
                    Texts("--products A,B", &options.products, "Whose"),
                    OneOf("--pay HOW", &options.pay, {"sandbox", "callback"}, "How"),
                    Switch("--calm", &options.calm, "Nothing fails"),
                    {"--operator[=NAME]", Flag::Value::kOptional, [](const std::string&) { return ""; }, "Unused."}}};
}

absl::StatusOr<Options> Read(const std::vector<std::string>& arguments) {
  Options options;
  const absl::Status read = Parse(arguments, TableOf(options), &options.help);
  if (!read.ok()) return read;
  return options;
}

TEST(CommandLine, TakesBothForms) {
  const auto options = Read({"--seconds", "20", "--json=a=b.json", "--calm", "--products=a,,b", "--rates", "5",
                             "--seed=9", "--note=", "--pay=callback", "--depth", "-5"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->seconds, 20);
  EXPECT_EQ(options->json, "a=b.json");
  EXPECT_TRUE(options->calm);
  EXPECT_EQ(options->products, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options->rates, std::vector<int>{5});
  EXPECT_EQ(options->seed, 9u);
  EXPECT_EQ(options->note, "");
  EXPECT_EQ(options->pay, "callback");
  EXPECT_EQ(options->depth, -5);
  EXPECT_EQ(options->help, "");
}

TEST(CommandLine, WhatIsNotGivenKeepsItsDefault) {
  const auto options = Read({});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->seconds, 10);
  EXPECT_EQ(options->home, ".trv");
  EXPECT_EQ(options->rates, (std::vector<int>{20, 40}));
  EXPECT_FALSE(options->calm);
}

TEST(CommandLine, OfARepeatTheLastOneHolds) {
  EXPECT_EQ(Read({"--seconds=1", "--json", "a", "--seconds", "2", "--json=b"})->seconds, 2);
  EXPECT_EQ(Read({"--json", "a", "--json=b"})->json, "b");
  EXPECT_EQ(Read({"--products=a,b", "--products=c"})->products, std::vector<std::string>{"c"});
  // The first one must be good all the same.
  EXPECT_FALSE(Read({"--seconds=0", "--seconds=1"}).ok());
}

TEST(CommandLine, RangesHoldTheirEnds) {
  EXPECT_EQ(Read({"--seconds=1"})->seconds, 1);
  EXPECT_EQ(Read({"--seconds=3600"})->seconds, 3600);
  EXPECT_EQ(Read({"--pid=2147483647"})->pid, INT_MAX);
  EXPECT_EQ(Read({"--depth=-2147483648"})->depth, INT_MIN);
  EXPECT_EQ(Read({"--seed=0"})->seed, 0u);
  EXPECT_EQ(Read({"--seed=18446744073709551615"})->seed, UINT64_MAX);
  EXPECT_EQ(Read({"--rates=1,2000"})->rates, (std::vector<int>{1, 2000}));
}

TEST(CommandLine, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::string digits(1 << 16, '9'), name = "--" + std::string(1 << 16, 'x');
  const Case cases[] = {
      {{"--seconds", "0"}, "--seconds: '0', want 1-3600"},
      {{"--seconds=3601"}, "--seconds: '3601', want 1-3600"},
      {{"--seconds=-1"}, "--seconds: '-1', want 1-3600"},
      {{"--seconds="}, "--seconds: '', want 1-3600"},
      {{"--seconds", ""}, "--seconds: '', want 1-3600"},
      {{"--seconds=many"}, "--seconds: 'many', want 1-3600"},
      {{"--seconds=1e3"}, "--seconds: '1e3', want 1-3600"},
      {{"--seconds=0x10"}, "--seconds: '0x10', want 1-3600"},
      {{"--seconds=1.5"}, "--seconds: '1.5', want 1-3600"},
      {{"--seconds=1=2"}, "--seconds: '1=2', want 1-3600"},
      {{"--seconds=10 s"}, "--seconds: '10 s', want 1-3600"},
      {{std::string("--seconds=1\0", 12)}, std::string("--seconds: '1\0', want 1-3600", 28)},
      // 2^32 + 1 and 2^64 + 1 would be 1 if they were cut.
      {{"--seconds=4294967297"}, "--seconds: '4294967297', want 1-3600"},
      {{"--seconds=18446744073709551617"}, "--seconds: '18446744073709551617', want 1-3600"},
      {{"--seconds=" + digits}, absl::StrCat("--seconds: '", digits, "', want 1-3600")},
      {{"--pid=2147483648"}, "--pid: '2147483648', want 1-2147483647"},
      {{"--depth=-2147483649"}, "--depth: '-2147483649', want -2147483648-2147483647"},
      {{"--seed=18446744073709551616"}, "--seed: '18446744073709551616', want 0-18446744073709551615"},
      {{"--seed=-1"}, "--seed: '-1', want 0-18446744073709551615"},
      {{"--rates=20,x"}, "--rates: '20,x', want 1-2000 each, with commas between them"},
      {{"--rates=20,,40"}, "--rates: '20,,40', want 1-2000 each, with commas between them"},
      {{"--rates=20,2001"}, "--rates: '20,2001', want 1-2000 each, with commas between them"},
      {{"--json="}, "--json: '', want a value"},
      {{"--json", ""}, "--json: '', want a value"},
      {{"--products=,,"}, "--products: ',,', want a value"},
      {{"--pay=cash"}, "--pay: 'cash', want sandbox or callback"},
      {{"--pay=Sandbox"}, "--pay: 'Sandbox', want sandbox or callback"},
      {{"--calm=no"}, "--calm: 'no', want no value"},
      {{"--calm="}, "--calm: '', want no value"},
      {{"--help=me"}, "--help: 'me', want no value"},
      {{"--json"}, "--json: want a value"},
      {{"--calm", "--note"}, "--note: want a value"},
      {{"--json", "--seconds", "5"}, "--json: want a value"},
      {{"--json", "--seconds=5"}, "--json: want a value"},
      {{"--json", "--help"}, "--json: want a value"},
      {{"--second", "3"}, "--second: unknown flag, do you mean --seconds?"},
      {{"--halp"}, "--halp: unknown flag, do you mean --help?"},
      {{"--second=3"}, "--second: unknown flag, do you mean --seconds?"},
      {{"--Seconds=3"}, "--Seconds: unknown flag, do you mean --seconds?"},
      {{"--seconds N"}, "--seconds N: unknown flag, do you mean --seconds?"},
      {{"xyzzyxyzzy"}, "xyzzyxyzzy: unknown flag"},
      {{"-"}, "-: unknown flag"},
      {{"--"}, "--: unknown flag"},
      {{"=5"}, "'': unknown flag"},
      {{""}, "'': unknown flag"},
      {{name}, name + ": unknown flag"},
      {{"--calm", "yes"}, "yes: unknown flag"},
  };
  for (const Case& c : cases) {
    const auto options = Read(c.arguments);
    ASSERT_FALSE(options.ok()) << c.message;
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(options.status().message(), c.message);
  }
}

TEST(CommandLine, ABadValueChangesNothing) {
  Options options;
  for (const char* bad : {"--seconds=0", "--seconds=7 s", "--seconds=99999999999", "--rates=5,x",
                          "--json=", "--products=,", "--pay=cash", "--calm=yes"}) {
    options.json = "kept", options.products = {"kept"};
    EXPECT_FALSE(Parse({bad}, TableOf(options), &options.help).ok()) << bad;
    EXPECT_EQ(options.seconds, 10) << bad;
    EXPECT_EQ(options.rates, (std::vector<int>{20, 40})) << bad;
    EXPECT_EQ(options.json, "kept") << bad;
    EXPECT_EQ(options.products, std::vector<std::string>{"kept"}) << bad;
    EXPECT_EQ(options.pay, "sandbox") << bad;
    EXPECT_FALSE(options.calm) << bad;
  }
}

TEST(CommandLine, AValueMayLookLikeAFlagThatIsNone) {
  EXPECT_EQ(Read({"--json", "--other"})->json, "--other");
  EXPECT_EQ(Read({"--json=--calm"})->json, "--calm");
  EXPECT_FALSE(Read({"--json=--calm"})->calm);
}

TEST(CommandLine, AnOptionalValueIsNeverTheNextWord) {
  Options options;
  CommandLine line = TableOf(options);
  line.flags.back().store = [&](const std::string& value) {
    options.operator_name = value.empty() ? "dev" : value;
    return value == "nobody" ? "a name" : "";
  };
  line.word = [&](const std::string& word) {
    options.words.push_back(word);
    return word == "bad" ? absl::InvalidArgumentError("bad: one word too many") : absl::OkStatus();
  };
  ASSERT_TRUE(Parse({"--operator", "method", "-", ""}, line, &options.help).ok());
  EXPECT_EQ(options.operator_name, "dev");
  EXPECT_EQ(options.words, (std::vector<std::string>{"method", "-", ""}));
  ASSERT_TRUE(Parse({"--operator=alice"}, line, &options.help).ok());
  EXPECT_EQ(options.operator_name, "alice");
  EXPECT_EQ(Parse({"--operator=nobody"}, line, &options.help).message(), "--operator: 'nobody', want a name");
  EXPECT_EQ(Parse({"bad"}, line, &options.help).message(), "bad: one word too many");
  EXPECT_EQ(Parse({"-x"}, line, &options.help).message(), "-x: unknown flag");
}

TEST(CommandLine, HelpEndsTheReading) {
  Options defaults;
  const auto options = Read({"--seconds=20", "--help", "--seconds=0", "--nonsense"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->seconds, 20);
  EXPECT_EQ(options->help, Help(TableOf(defaults)));
  EXPECT_FALSE(Read({"--nonsense", "--help"}).ok());
}

TEST(CommandLine, HelpTellsRangesAndDefaults) {
  Options options;
  EXPECT_EQ(
      Help({.about = "counter: counts.",
            .flags = {Number("--seconds N", &options.seconds, 1, 3600, "Length of each phase"),
                      Number("--pid PID", &options.pid, 1, INT_MAX, "Whose CPU time. Otherwise nobody's"),
                      Numbers("--rates A,B", &options.rates, 1, 2000, "Messages per second"),
                      OneOf("--pay HOW", &options.pay, {"sandbox", "callback"},
                            "sandbox asks the sandbox to pay, and takes all the time that it wants for that. With "
                            "callback this program says so itself"),
                      Text("--json FILE", &options.json, "Writes the report"),
                      Switch("--calm", &options.calm, "Nothing fails")},
            .end = "Exit status: 0 good, 1 not."}),
      R"(counter: counts.

  --seconds N  Length of each phase, 1-3600. Default: 10.
  --pid PID    Whose CPU time. Otherwise nobody's.
  --rates A,B  Messages per second, 1-2000 each. Default: 20,40.
  --pay HOW    sandbox asks the sandbox to pay, and takes all the time that it wants for that. With callback this
               program says so itself. Default: sandbox.
  --json FILE  Writes the report.
  --calm       Nothing fails.

Exit status: 0 good, 1 not.
)");
}

TEST(CommandLine, ExitStatusIsOfMain) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(ExitStatus(Read({"--seconds=0"})), 2);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "--seconds: '0', want 1-3600; --help lists the flags\n");
  testing::internal::CaptureStdout();
  EXPECT_EQ(ExitStatus(Read({"--help"})), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout().rfind("counter: counts.\n", 0), 0u);
  EXPECT_EQ(ExitStatus(Read({"--calm"})), std::nullopt);
}

}  // namespace
}  // namespace trivium::command_line
