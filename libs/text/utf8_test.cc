#include "libs/text/utf8.h"

#include <gtest/gtest.h>

namespace trivium {
namespace {

struct Case {
  const char* name;
  std::string text;
  bool valid;
};

TEST(Utf8, TellsWellFormedFromTheRest) {
  const Case cases[] = {
      {"empty", "", true},
      {"ascii", "abc", true},
      {"chinese", "支付", true},
      {"four bytes", "\xF0\x9F\x98\x80", true},
      {"highest", "\xF4\x8F\xBF\xBF", true},
      {"nul", std::string(1, '\0'), true},
      {"lone continuation", "\x80", false},
      {"overlong slash", "\xC0\xAF", false},
      {"overlong three", "\xE0\x80\xAF", false},
      {"overlong four", "\xF0\x80\x80\xAF", false},
      {"surrogate", "\xED\xA0\x80", false},
      {"above U+10FFFF", "\xF4\x90\x80\x80", false},
      {"lead above", "\xF5\x80\x80\x80", false},
      {"cut", "\xE6\x94", false},
      {"latin-1", "caf\xE9!", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(IsValidUtf8(c.text), c.valid) << c.name;
    EXPECT_TRUE(IsValidUtf8(ToValidUtf8(c.text))) << c.name;
    EXPECT_EQ(ToValidUtf8(c.text) == c.text, c.valid) << c.name;
  }
}

TEST(Utf8, ReplacesEachWrongByte) {
  EXPECT_EQ(ToValidUtf8("a\xFF\xE6\x94"
                        "b"),
            "a\uFFFD\uFFFD\uFFFDb");
}

TEST(Utf8, PrefixCutsNoCharacter) {
  const std::string text = "a支付";  // 1 + 3 + 3 bytes.
  for (size_t n = 0; n <= text.size() + 1; ++n) {
    const std::string_view prefix = Utf8Prefix(text, n);
    EXPECT_TRUE(IsValidUtf8(prefix)) << n;
    EXPECT_LE(prefix.size(), n);
    EXPECT_GT(prefix.size() + 3, std::min(n, text.size())) << n;
  }
  EXPECT_EQ(Utf8Prefix(std::string(9, '\x80'), 5).size(), 1u);
}

TEST(Utf8, CountsCodePoints) { EXPECT_EQ(Utf8Length("a支付\xF0\x9F\x98\x80"), 4u); }

}  // namespace
}  // namespace trivium
