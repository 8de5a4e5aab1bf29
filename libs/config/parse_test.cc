#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "libs/config/config.h"
#include "libs/config/config_test.pb.h"

namespace trivium::config {
namespace {

absl::Status Parse(const std::string& yaml, TestOptions* options) { return ParseYaml(yaml, "a.yaml", options); }

std::string ErrorOf(const std::string& yaml) {
  TestOptions options;
  options.set_threads(7);
  const absl::Status status = Parse(yaml, &options);
  EXPECT_EQ(options.threads(), 7) << "a refused file changes nothing";
  if (status.ok()) return "OK";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(ParseYaml, ReadsEveryKindOfField) {
  TestOptions options;
  const absl::Status status = Parse(R"(
# A comment.
address: 127.0.0.1:21010
threads: -5
big: -9223372036854775808
small_unsigned: 4294967295
unsigned_big: 18446744073709551615
ratio: 1e-3
small_ratio: 0.5
enabled: true
speed: FAST
timeout: 1h30m
pool:
  max_connections: 32
  idle: "200ms"
names: [one, "two", 3]
numbers: [1, -2]
pools:
  - max_connections: 1
  - level: debug
labels: {a: b, "1": "2"}
pools_by_name:
  main: {max_connections: 9}
flags: {1: true, -2: false}
delays: [1s, 1500us]
password: hunter2
blob: bytes
right: 4
maybe: 0
)",
                                    &options);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(options.address(), "127.0.0.1:21010");
  EXPECT_EQ(options.threads(), -5);
  EXPECT_EQ(options.big(), INT64_MIN);
  EXPECT_EQ(options.small_unsigned(), UINT32_MAX);
  EXPECT_EQ(options.unsigned_big(), UINT64_MAX);
  EXPECT_EQ(options.ratio(), 1e-3);
  EXPECT_EQ(options.small_ratio(), 0.5f);
  EXPECT_TRUE(options.enabled());
  EXPECT_EQ(options.speed(), TestOptions::FAST);
  EXPECT_EQ(options.timeout().seconds(), 5400);
  EXPECT_EQ(options.pool().max_connections(), 32);
  EXPECT_EQ(options.pool().idle().nanos(), 200'000'000);
  EXPECT_EQ(options.names(2), "3");
  EXPECT_EQ(options.numbers(1), -2);
  EXPECT_EQ(options.pools(1).level(), "debug");
  EXPECT_EQ(options.labels().at("1"), "2");
  EXPECT_EQ(options.pools_by_name().at("main").max_connections(), 9);
  EXPECT_FALSE(options.flags().at(-2));
  EXPECT_EQ(options.delays(1).nanos(), 1'500'000);
  EXPECT_EQ(options.right(), 4);
  EXPECT_TRUE(options.has_maybe());
}

TEST(ParseYaml, KeepsDefaultsAndReplacesLists) {
  TestOptions options;
  options.set_threads(32);
  options.add_names("default");
  options.mutable_pool()->set_level("info");
  ASSERT_TRUE(Parse("", &options).ok());
  ASSERT_TRUE(Parse("# nothing\n", &options).ok());
  ASSERT_TRUE(Parse("names: [mine]\npool: {max_connections: 3}\n", &options).ok());
  EXPECT_EQ(options.threads(), 32);
  EXPECT_EQ(options.names_size(), 1);
  EXPECT_EQ(options.pool().level(), "info");
  EXPECT_EQ(options.pool().max_connections(), 3);
  ASSERT_TRUE(Parse("names: []\n", &options).ok());
  EXPECT_EQ(options.names_size(), 0);
}

TEST(ParseYaml, SaysFileLineFieldAndWhatItWants) {
  struct Case {
    const char* name;
    std::string yaml;
    std::string error;
  };
  const Case cases[] = {
      {"misspelt", "address: x\npool:\n  max_conections: 3\n",
       "a.yaml:3: pool.max_conections: unknown field, want max_connections"},
      {"unknown", "pool: {xyzzy: 3}", "a.yaml:1: pool.xyzzy: unknown field, want max_connections, level, idle"},
      {"camel case", "smallUnsigned: 3", "a.yaml:1: smallUnsigned: unknown field, want small_unsigned"},
      {"text for number", "threads: many", "a.yaml:1: threads: 'many', want an integer from -2147483648 to 2147483647"},
      {"quoted number", "threads: '5'", "a.yaml:1: threads: '5', want it without quotes"},
      {"fraction", "threads: 1.5", "a.yaml:1: threads: '1.5', want an integer from -2147483648 to 2147483647"},
      {"plus", "threads: +5", "a.yaml:1: threads: '+5', want an integer from -2147483648 to 2147483647"},
      {"overflow", "threads: 2147483648",
       "a.yaml:1: threads: '2147483648', want an integer from -2147483648 to 2147483647"},
      {"overflow 64", "big: 9223372036854775808",
       "a.yaml:1: big: '9223372036854775808', want an integer from -9223372036854775808 to 9223372036854775807"},
      {"negative unsigned", "small_unsigned: -1",
       "a.yaml:1: small_unsigned: '-1', want an integer from 0 to 4294967295"},
      {"infinite", "ratio: .inf", "a.yaml:1: ratio: '.inf', want a number"},
      {"infinite word", "ratio: inf", "a.yaml:1: ratio: 'inf', want a number"},
      {"float overflow", "small_ratio: 1e39", "a.yaml:1: small_ratio: '1e39', want a number of at most 3.4e38"},
      {"yes", "enabled: yes", "a.yaml:1: enabled: 'yes', want true or false"},
      {"enum number", "speed: 1", "a.yaml:1: speed: '1', want one of SPEED_UNSPECIFIED, SLOW, FAST"},
      {"enum case", "speed: FAS", "a.yaml:1: speed: 'FAS', want FAST"},
      {"duration without unit", "timeout: 30", "a.yaml:1: timeout: '30', want a duration such as 30s, 200ms or 1h30m"},
      {"endless duration", "timeout: inf", "a.yaml:1: timeout: 'inf', want a duration such as 30s, 200ms or 1h30m"},
      {"negative duration", "timeout: -1s", "a.yaml:1: timeout: '-1s', want a duration such as 30s, 200ms or 1h30m"},
      {"twice", "address: x\naddress: y", "a.yaml:2: address: given twice"},
      {"key twice", "labels:\n  a: x\n  a: y", "a.yaml:3: labels.a: given twice"},
      {"both of a choice", "left: x\nright: 1", "a.yaml:2: right: want only one field of choice"},
      {"no value", "address:\nthreads: 1", "a.yaml:1: address: has no value"},
      {"list for scalar", "address: [x]", "a.yaml:1: address: want a single value"},
      {"scalar for list", "names: x", "a.yaml:1: names: want a list"},
      {"scalar for message", "pool: x", "a.yaml:1: pool: want fields, as `name: value`"},
      {"list for message", "pool: [x]", "a.yaml:1: pool: want fields, as `name: value`"},
      {"list for map", "labels: [x]", "a.yaml:1: labels: want entries, as `key: value`"},
      {"in a list", "pools:\n - max_connections: x",
       "a.yaml:2: pools[0].max_connections: 'x', want an integer from -2147483648 to 2147483647"},
      {"top level list", "- a\n- b", "a.yaml:1: want fields, as `name: value`"},
      {"top level scalar", "hello", "a.yaml:1: want fields, as `name: value`"},
      {"list as key", "[a]: b", "a.yaml:1: want a field's name"},
      {"second document", "address: x\n---\naddress: y\n", "a.yaml:3: a second document, want one"},
      {"secret is not shown", "password: {a: b}", "a.yaml:1: password: want a single value"},
      {"two errors", "threads: x\nenabled: y",
       "a.yaml:1: threads: 'x', want an integer from -2147483648 to 2147483647\n"
       "a.yaml:2: enabled: 'y', want true or false"},
  };
  for (const Case& c : cases) EXPECT_EQ(ErrorOf(c.yaml), c.error) << c.name;
}

TEST(ParseYaml, TakesNoHarmFromHostileFiles) {
  const auto repeat = [](const std::string& part, int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += part;
    return text;
  };
  std::string laughs = "names: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  std::string deep_self, indent;
  for (int i = 0; i < 200; ++i) {
    deep_self += indent + "self:\n";
    indent += " ";
  }
  const std::string cases[] = {
      repeat("[", 100'000),
      repeat("{", 100'000),
      "address: " + repeat("[", 100'000),
      repeat("- ", 100'000),
      repeat("self: ", 1000),
      repeat("? ", 50'000),
      deep_self + indent + "threads: 1\n",
      "self: &a\n  self: *a\n",
      "pools: &p [*p]\n",
      "address: *missing\n",
      "address: \"unfinished",
      "address: !!binary x\n\tthreads: 1",
      "address: \xff\xfe",
      std::string("address: a\0b", 12),
      "\xef\xbb\xbf{",
      "%YAML 9.9\n---\naddress: x",
      std::string(2 << 20, ' '),
      "a: b: c",
      "address: |\n x\nthreads",
      repeat("k: v\n", 1000),
  };
  for (const std::string& yaml : cases) EXPECT_NE(ErrorOf(yaml), "OK") << yaml.substr(0, 40);
  EXPECT_EQ(ErrorOf("threads: 7\naddress: caf\xe9"), "a.yaml:2: want UTF-8 text without control characters");
}

TEST(ParseYaml, AliasesCannotMultiply) {
  // Ten aliases of ten aliases of ... : 10^6 values out of seven lines.
  std::string yaml = "pools_by_name:\n  a: &x {max_connections: 1}\nself: &s0 {pools: [";
  for (int i = 0; i < 50; ++i) yaml += "*x,";
  yaml += "*x]}\n";
  TestOptions options;
  EXPECT_TRUE(Parse(yaml, &options).ok()) << Parse(yaml, &options);

  std::string many = "self:\n  pools: &p [";
  for (int i = 0; i < 5000; ++i) many += "{level: a},";
  many += "{level: a}]\nlabels: {a: b}\npools: *p\nnames: [";
  for (int i = 0; i < 100'000; ++i) many += "x,";
  many += "x]\n";
  EXPECT_NE(ErrorOf(many).find("nested too deeply, or too many values"), std::string::npos);
}

TEST(ParseYaml, ReplacesEnvironmentVariables) {
  setenv("TRIVIUM_TEST_HOST", "db.example", 1);
  setenv("TRIVIUM_TEST_TRICK", "${TRIVIUM_TEST_HOST}\nthreads: 9", 1);
  unsetenv("TRIVIUM_TEST_UNSET");
  TestOptions options;
  ASSERT_TRUE(
      Parse("address: tcp://${TRIVIUM_TEST_HOST}:1\nnames: ['$${X}', '${TRIVIUM_TEST_TRICK}', '$5']", &options).ok());
  EXPECT_EQ(options.address(), "tcp://db.example:1");
  EXPECT_EQ(options.names(0), "${X}");
  EXPECT_EQ(options.names(1), "${TRIVIUM_TEST_HOST}\nthreads: 9") << "a value is text, never YAML";
  EXPECT_EQ(options.names(2), "$5");
  EXPECT_EQ(ErrorOf("a: 1\naddress: ${TRIVIUM_TEST_UNSET}").substr(0, 8), "a.yaml:1");
  EXPECT_EQ(ErrorOf("address: ${TRIVIUM_TEST_UNSET}"),
            "a.yaml:1: address: environment variable TRIVIUM_TEST_UNSET is not set");
  for (const char* text : {"${", "${}", "${1A}", "${A B}", "x${A"}) {
    EXPECT_EQ(ErrorOf("address: '" + std::string(text) + "'"),
              "a.yaml:1: address: '${...', want ${NAME}, ${file:/PATH}, or $${ for a plain ${");
  }
}

TEST(ParseYaml, ReadsSecretsFromFiles) {
  const std::string path = testing::TempDir() + "/secret";
  const auto parse = [&](const std::string& content, TestOptions* options) {
    std::ofstream(path, std::ios::binary) << content;
    return Parse("password: \"${file:" + path + "}\"\naddress: \"tcp://${file:" + path + "}:1\"", options);
  };
  TestOptions options;
  ASSERT_TRUE(parse("hunter2\n", &options).ok());
  EXPECT_EQ(options.password(), "hunter2");
  EXPECT_EQ(options.address(), "tcp://hunter2:1");
  ASSERT_TRUE(parse("two words \r\n", &options).ok());
  EXPECT_EQ(options.password(), "two words ");
  ASSERT_TRUE(parse("${HOME}\nthreads: 9", &options).ok());
  EXPECT_EQ(options.password(), "${HOME}\nthreads: 9") << "a secret is text: neither YAML nor looked into";

  const auto error_of = [&](const std::string& content) { return std::string(parse(content, &options).message()); };
  const std::string file = "a.yaml:1: password: file " + path;
  EXPECT_EQ(error_of("").substr(0, file.size() + 9), file + " is empty");
  EXPECT_EQ(error_of("\n").substr(0, file.size() + 9), file + " is empty");
  EXPECT_EQ(error_of("caf\xe9").substr(0, file.size() + 13), file + " is not UTF-8");
  EXPECT_EQ(error_of(std::string("a\0b", 3)).substr(0, file.size() + 13), file + " is not UTF-8");
  EXPECT_EQ(error_of(std::string(70'000, 'x')).substr(0, file.size() + 33), file + " is too long, want at most 64 KiB");
  EXPECT_EQ(ErrorOf("password: \"${file:/nowhere/x}\""), "a.yaml:1: password: file /nowhere/x cannot be read");
  EXPECT_EQ(ErrorOf("password: \"${file:/}\""), "a.yaml:1: password: file / cannot be read");
  EXPECT_EQ(ErrorOf("password: \"${file:secret}\""), "a.yaml:1: password: file 'secret', want an absolute path");
  EXPECT_EQ(ErrorOf("password: \"${file:}\""), "a.yaml:1: password: file '', want an absolute path");
}

TEST(ReadYamlFile, NamesTheFile) {
  const std::string path = testing::TempDir() + "/config.yaml";
  std::ofstream(path) << "threads: x\n";
  TestOptions options;
  EXPECT_EQ(std::string(ReadYamlFile(path, &options).message()).substr(0, path.size() + 11), path + ":1: threads");
  std::ofstream(path) << "threads: 3\n";
  ASSERT_TRUE(ReadYamlFile(path, &options).ok());
  EXPECT_EQ(options.threads(), 3);
  EXPECT_EQ(ReadYamlFile("/nonexistent.yaml", &options).message(), "/nonexistent.yaml: cannot be read");
  EXPECT_FALSE(ReadYamlFile("/", &options).ok());
}

TEST(NearestName, AllowsAThirdOfTheLength) {
  const std::vector<std::string> names = {"max_connections", "timeout", "tls"};
  EXPECT_EQ(NearestName("max_conections", names), "max_connections");
  EXPECT_EQ(NearestName("timeuot", names), "timeout");
  EXPECT_EQ(NearestName("tsl", names), "");
  EXPECT_EQ(NearestName("tl", names), "");
  EXPECT_EQ(NearestName("", names), "");
  EXPECT_EQ(NearestName(std::string(1 << 20, 'x'), names), "");
}

}  // namespace
}  // namespace trivium::config
