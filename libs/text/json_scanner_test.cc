#include "libs/text/json_scanner.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <random>

namespace trivium {
namespace {

constexpr int kDepth = 8;

// The raw text of the one value of text, or the error.
absl::Status Scan(std::string_view text, std::string_view* raw = nullptr) {
  JsonScanner scanner(text, kDepth);
  std::string_view value;
  if (scanner.ReadRaw(&value)) scanner.SkipSpace();
  if (!scanner.AtEnd()) scanner.Fail("more after the value");
  if (raw != nullptr) *raw = value;
  return scanner.status();
}

struct Case {
  std::string text;
  bool valid;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"{}", true},
      {"[]", true},
      {"null", true},
      {"true", true},
      {" false\r\n\t", true},
      {"0", true},
      {"-0", true},
      {"-0.0e-10", true},
      {"12E+2", true},
      {"18446744073709551616", true},
      {"\"\"", true},
      {R"("\"\\\/\b\f\n\r\t\u0041\ud83d\ude00")", true},
      {"\"支付\xF0\x9F\x98\x80\x7F\"", true},
      {R"({"a":{"b":[1,2,{"c":null}]},"a":2})", true},
      {"[[[[[[[[]]]]]]]]", true},
      {R"({"":""})", true},
      {"", false},
      {" ", false},
      {"nul", false},
      {"nulL", false},
      {"True", false},
      {"NaN", false},
      {"Infinity", false},
      {"01", false},
      {"-", false},
      {"+1", false},
      {".5", false},
      {"1.", false},
      {"1e", false},
      {"1e+", false},
      {"0x10", false},
      {"1 2", false},
      {"{", false},
      {"}", false},
      {"[", false},
      {"[1", false},
      {"[1,]", false},
      {"[,1]", false},
      {"[1 2]", false},
      {"{\"a\"}", false},
      {"{\"a\":}", false},
      {"{\"a\":1,}", false},
      {"{a:1}", false},
      {"{'a':1}", false},
      {"{1:1}", false},
      {"{\"a\":1 \"b\":2}", false},
      {"{\"a\" 1}", false},
      {"[1}", false},
      {"{\"a\":1]", false},
      {"\"", false},
      {"\"a", false},
      {"\"\\\"", false},
      {"\"\\x41\"", false},
      {"\"\\u12\"", false},
      {"\"\\u12G4\"", false},
      {"\"\\u-123\"", false},
      {"\"\\u 123\"", false},
      {R"("\ud800")", false},
      {R"("\udc00")", false},
      {R"("\ud800\u0041")", false},
      {R"("\ud800\ud800")", false},
      {"\"a\nb\"", false},
      {"\"a\tb\"", false},
      {std::string("\"a\0b\"", 5), false},
      {std::string("\0", 1), false},
      {std::string("1\0", 2), false},
      {"\"\xC0\xAF\"", false},
      {"\"\xED\xA0\x80\"", false},
      {"\"\xE6\x94\"", false},
      {"\"\xFF\"", false},
      {"\xEF\xBB\xBF{}", false},
      {"// c\n1", false},
      {"/* c */1", false},
  };
  return cases;
}

TEST(JsonScannerTest, AcceptsJustTheGrammar) {
  for (const auto& [text, valid] : Cases()) EXPECT_EQ(Scan(text).ok(), valid) << text << " " << Scan(text);
}

// nlohmann takes a byte order mark and ends at a zero byte: both are no JSON. It also refuses numbers that no double
// holds.
bool Oracle(const std::string& text) {
  return text.find('\0') == std::string::npos && !text.starts_with("\xEF\xBB\xBF") && nlohmann::json::accept(text);
}

TEST(JsonScannerTest, AgreesWithAnotherParser) {
  for (const auto& [text, valid] : Cases()) EXPECT_EQ(Oracle(text), valid) << text;
}

// Every case with bytes changed, removed, repeated: two parsers written apart must agree about each.
TEST(JsonScannerTest, AgreesWithAnotherParserOnMutations) {
  std::mt19937 random(7);
  const std::string alphabet = "{}[]\",:\\/0123456789.eE+-truefalsn ud8c\n\x01\xC3\xA9\xFF";
  int accepted = 0;
  for (int round = 0; round < 300; ++round) {
    for (const auto& [original, valid] : Cases()) {
      std::string text = original;
      for (int edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
        const size_t at = random() % text.size();
        const int kind = random() % 3;
        if (kind == 0) text[at] = alphabet[random() % alphabet.size()];
        if (kind == 1) text.erase(at, 1);
        if (kind == 2) text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
      const bool too_long_a_number = text.find_first_of("eE") != std::string::npos;
      if (std::count(text.begin(), text.end(), '[') > kDepth) continue;
      if (too_long_a_number && Scan(text).ok() != Oracle(text)) {
        EXPECT_TRUE(Scan(text).ok()) << text;  // 1e999 is a number of JSON, but no double.
        continue;
      }
      EXPECT_EQ(Scan(text).ok(), Oracle(text)) << text;
      accepted += Scan(text).ok();
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(JsonScannerTest, KeepsTheRawTextOfAValue) {
  std::string_view raw;
  ASSERT_TRUE(Scan("\n {\"b\" : 1.50,\t\"a\":[ ]} ", &raw).ok());
  EXPECT_EQ(raw, "{\"b\" : 1.50,\t\"a\":[ ]}");
}

TEST(JsonScannerTest, LimitsDepth) {
  for (const std::string_view pair : {"[]", "{}"}) {
    const std::string open = pair == "[]" ? "[" : "{\"a\":", innermost = pair == "[]" ? "" : "1";
    std::string deepest = innermost, too_deep;
    for (int i = 0; i < kDepth; ++i) deepest = open + deepest + pair[1];
    too_deep = open + deepest + pair[1];
    EXPECT_TRUE(Scan(deepest).ok()) << deepest;
    EXPECT_EQ(Scan(too_deep).message().find("byte"), 0u);
    EXPECT_NE(Scan(too_deep).message().find("too deep, want at most 8"), std::string::npos);
  }
  EXPECT_FALSE(Scan(std::string(1 << 20, '[')).ok());
}

TEST(JsonScannerTest, UnescapesStrings) {
  const std::pair<const char*, std::string> cases[] = {
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00e9\u652f\ud83d\ude00")", "Aé支\xF0\x9F\x98\x80"},
      {R"("\u0000")", std::string(1, '\0')},
      {"\"plain 支付\"", "plain 支付"},
      {R"("")", ""},
  };
  for (const auto& [text, want] : cases) {
    JsonScanner scanner(text, kDepth);
    std::string value = "before";
    EXPECT_TRUE(scanner.ReadString(&value)) << text;
    EXPECT_EQ(value, want) << text;
  }
}

TEST(JsonScannerTest, ReadsIntegersWithinTheirRange) {
  struct Number {
    const char* text;
    bool valid;
    uint64_t value;
  };
  const Number numbers[] = {{"0", true, 0},     {"18446744073709551615", true, UINT64_MAX},
                            {"7", true, 7},     {"18446744073709551616", false, 0},
                            {"-1", false, 0},   {"1.0", false, 0},
                            {"1e3", false, 0},  {"\"1\"", false, 0},
                            {"true", false, 0}, {"null", false, 0},
                            {"[1]", false, 0},  {"99999999999999999999999", false, 0}};
  for (const Number& n : numbers) {
    JsonScanner scanner(n.text, kDepth);
    uint64_t value = 0;
    EXPECT_EQ(scanner.ReadUnsigned(UINT64_MAX, &value), n.valid) << n.text;
    EXPECT_TRUE(!n.valid || value == n.value) << n.text;
  }
  JsonScanner low("-2147483649", kDepth), min("-9223372036854775808", kDepth);
  int64_t value = 0;
  EXPECT_FALSE(low.ReadSigned(INT32_MIN, INT32_MAX, &value));
  EXPECT_TRUE(min.ReadSigned(INT64_MIN, INT64_MAX, &value));
  EXPECT_EQ(value, INT64_MIN);
}

TEST(JsonScannerTest, NamesAreUnescapedAndKnowTheirPlace) {
  const std::string text = R"({"a":{"\u0062":1},"c\n":2,"d":3})";
  JsonScanner scanner(text, kDepth);
  std::vector<std::pair<std::string, size_t>> names;
  const std::function<bool(std::string_view)> member = [&](std::string_view name) {
    names.emplace_back(name, scanner.name_position());
    std::string_view raw;
    const bool ok = scanner.Peek() == '{' ? scanner.ReadObject(member) : scanner.ReadRaw(&raw);
    EXPECT_EQ(name.data() >= text.data() && name.data() < text.data() + text.size(), name == "a" || name == "d");
    return ok;
  };
  ASSERT_TRUE(scanner.ReadObject(member)) << scanner.status();
  EXPECT_EQ(names, (std::vector<std::pair<std::string, size_t>>{{"a", 1}, {"b", 6}, {"c\n", 18}, {"d", 26}}));
}

TEST(JsonScannerTest, StaysAtItsFirstError) {
  JsonScanner scanner("{\"a\": 01, \"b\": tru", kDepth);
  std::string_view raw;
  EXPECT_FALSE(scanner.ReadRaw(&raw));
  EXPECT_EQ(scanner.status().message(), "byte 6: 01, want a JSON value");
  EXPECT_FALSE(scanner.ReadRaw(&raw));
  EXPECT_FALSE(scanner.SkipNull());
  EXPECT_EQ(scanner.status().message(), "byte 6: 01, want a JSON value");
}

TEST(JsonStringTest, ComesBackThroughAnotherParser) {
  std::string all;
  for (int c = 0; c < 0x80; ++c) all.push_back(static_cast<char>(c));
  all += "支付\xF0\x9F\x98\x80";
  std::string json;
  AppendJsonString(all, &json);
  EXPECT_EQ(nlohmann::json::parse(json).get<std::string>(), all);
  json.clear();
  AppendJsonString("a\xFF", &json);
  EXPECT_EQ(json, "\"a\uFFFD\"");
}

}  // namespace
}  // namespace trivium
