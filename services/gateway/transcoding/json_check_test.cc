#include "services/gateway/transcoding/json_check.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace trivium::gateway {
namespace {

std::string Repeated(std::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST(CheckJsonTest, TakesRfc8259) {
  for (const char* text : {
           "{}",
           "[]",
           " {\"a\" : [1, -0.5e+3, true, false, null, \"\"] }\r\n\t",
           "\"x\"",
           "0",
           "-0",
           "1E9",
           "{\"\":0}",
           R"({"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})",
           "{\"课\":\"堂\xF0\x9F\x98\x80\"}",
           R"({"a":{"a":1},"b":{"a":2}})",
           R"(["\u0000"])",
       }) {
    const auto problem = CheckJson(text, {});
    EXPECT_FALSE(problem.has_value()) << text << ": " << problem->message;
  }
}

TEST(CheckJsonTest, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string text;
    size_t offset;
    const char* path;
    const char* message;
  } kCases[] = {
      {"", 0, "", "the end, want a JSON value"},
      {"{", 1, "", "the end, want a key"},
      {"{\"a\"}", 4, "", "want \":\""},
      {"{\"a\":1,}", 7, "", "want a key"},
      {"{'a':1}", 1, "", "want a key in double quotes"},
      {"{a:1}", 1, "", "a, want a key"},
      {"[1,]", 3, "[1]", "], want a JSON value"},
      {"[1 2]", 3, "", "2, want \",\" or \"]\""},
      {"{\"a\":1 \"b\":2}", 7, "", "want \",\" or \"}\""},
      {"{} {}", 3, "", "more after the value"},
      {"\xEF\xBB\xBF{}", 0, "", "want a JSON value"},
      {"{\"a\":NaN}", 5, "a", "NaN, want a JSON value"},
      {"{\"a\":Infinity}", 5, "a", "Infinity, want"},
      {"{\"a\":-Infinity}", 5, "a", "-Infinity, want"},
      {"{\"a\":{\"b\":[0,01]}}", 13, "a.b[1]", "01, want a JSON value"},
      {"[+1]", 1, "[0]", "+, want"},
      {"[.5]", 1, "[0]", "., want"},
      {"[5.]", 1, "[0]", "5, want"},
      {"[1e]", 1, "[0]", "1e, want"},
      {"[0x10]", 2, "", "x10, want \",\""},
      {"[-]", 1, "[0]", "-, want"},
      {"[1e400]", 1, "[0]", "a number that a double holds"},
      {"[" + std::string(65, '9') + "]", 1, "[0]", "65 characters, want at most 64"},
      {"[tru]", 1, "[0]", "tru, want"},
      {"[\"abc", 5, "[0]", "a string without its end"},
      {"[\"a\nb\"]", 3, "[0]", "a control character"},
      {std::string("[\"a\0b\"]", 7), 3, "[0]", "a control character"},
      {"[\"\\x\"]", 2, "[0]", "an unknown escape"},
      {"[\"\\u12\"]", 2, "[0]", "an escape cut short"},
      {"[\"\\ud800\"]", 2, "[0]", "a lone surrogate"},
      {"[\"\\udc00\\ud800\"]", 2, "[0]", "a lone surrogate"},
      {"[\"\\ud800\\u0041\"]", 2, "[0]", "a lone surrogate"},
      {"[\"\xff\"]", 2, "[0]", "no UTF-8"},
      {"[\"\xC0\x80\"]", 2, "[0]", "no UTF-8"},
      {"[\"\xED\xA0\x80\"]", 2, "[0]", "no UTF-8"},
      {"[\"\xE8\xAF\"]", 2, "[0]", "no UTF-8"},
      {"{\"a\":1,\"b\":2,\"a\":3}", 13, "a", "twice, want each key once"},
      {"{\"o\":{\"a\":1,\"\\u0061\":2}}", 12, "o.a", "twice"},
      {"{\"\\uD83D\\uDE00\":1,\"\xF0\x9F\x98\x80\":2}", 18, "\xF0\x9F\x98\x80", "twice"},
  };
  for (const auto& c : kCases) {
    const auto problem = CheckJson(c.text, {});
    ASSERT_TRUE(problem.has_value()) << c.text;
    EXPECT_EQ(problem->offset, c.offset) << c.text;
    EXPECT_EQ(problem->path, c.path) << c.text;
    EXPECT_TRUE(absl::StrContains(problem->message, c.message)) << c.text << ": " << problem->message;
  }
}

TEST(CheckJsonTest, EveryTruncationIsRefused) {
  const std::string whole = R"({"a":[1.5e3,"\ud83d\ude00",{"b":null}],"课":true})";
  ASSERT_FALSE(CheckJson(whole, {}).has_value());
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_TRUE(CheckJson(whole.substr(0, n), {}).has_value()) << n;
}

TEST(CheckJsonTest, HoldsItsLimits) {
  const JsonLimits limits{.max_depth = 3, .max_elements = 5};
  EXPECT_FALSE(CheckJson("[[[1]]]", limits).has_value());
  EXPECT_TRUE(absl::StrContains(CheckJson("[[[[1]]]]", limits)->message, "too deep, want at most 3"));
  EXPECT_EQ(CheckJson("{\"a\":{\"b\":{\"c\":{}}}}", limits)->path, "a.b.c");
  EXPECT_FALSE(CheckJson("[1,2,3,4]", limits).has_value());
  EXPECT_TRUE(absl::StrContains(CheckJson("[1,2,3,4,5]", limits)->message, "more values, want at most 5"));
}

TEST(CheckJsonTest, DepthBombsEndAtTheLimit) {
  for (const char* open : {"[", "{\"a\":", "[{\"a\":"}) {
    const auto problem = CheckJson(Repeated(open, 1'000'000), {});
    ASSERT_TRUE(problem.has_value());
    EXPECT_TRUE(absl::StrContains(problem->message, "too deep")) << problem->message;
    EXPECT_LT(problem->offset, 400u);
  }
}

TEST(FindJsonPathTest, FindsWhereAValueBegins) {
  const std::string text = R"({"a": {"b": [10, {"c":"x"}]}, "unitPrice":2})";
  const struct {
    const char* path;
    std::optional<size_t> offset;
  } kCases[] = {{"", 0},           {"a", 6},           {"a.b[0]", 13},      {"a.b[1].c", 22},
                {"unitPrice", 42}, {"unit_price", 42}, {"e", std::nullopt}, {"a.b[2]", std::nullopt}};
  for (const auto& c : kCases) {
    const auto found = FindJsonPath(text, c.path);
    ASSERT_EQ(found.has_value(), c.offset.has_value()) << c.path;
    if (found) {
      EXPECT_EQ(found->offset, *c.offset) << c.path;
    }
  }
  EXPECT_EQ(FindJsonPath(text, "unit_price")->path, "unitPrice");
}

}  // namespace
}  // namespace trivium::gateway
