#include "services/push/domain/audience.h"

#include <gtest/gtest.h>

#include "services/push/domain/audience_samples.h"

namespace trivium::push {
namespace {

std::string Canonical(std::string_view text) {
  Audience audience;
  const AudienceError error = ParseAudience(text, &audience);
  return error.problem.empty() ? FormatAudience(audience)
                               : "at " + std::to_string(error.position) + ": " + error.problem;
}

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(AudienceTest, HasOneCanonicalForm) {
  const struct {
    std::string_view text, canonical;
  } kCases[] = {
      {"grade=7 AND city=深圳 AND NOT trial", "grade=7 AND city=深圳 AND NOT trial"},
      {"  a\t=\n1 ", "a=1"},
      {"a=\"1\"", "a=1"},
      {"a=\"\"", "a=\"\""},
      {"a=\"x y\"", "a=\"x y\""},
      {"a=\"\\\"\\\\\"", "a=\"\\\"\\\\\""},
      {"a IN (3,1 , 2,1)", "a IN (1, 2, 3)"},
      {"a IN(b)", "a=b"},
      {"a IN (a)", "a=a"},
      {"a=AND AND b=NOT OR c=IN", "a=AND AND b=NOT OR c=IN"},
      {"((a))", "a"},
      {"(a AND b) AND c", "a AND b AND c"},
      {"a OR (b OR c)", "a OR b OR c"},
      {"a AND (b OR c)", "a AND (b OR c)"},
      {"a OR b AND c", "a OR b AND c"},
      {"NOT NOT a", "a"},
      {"NOT(NOT(a AND b))AND c", "a AND b AND c"},
      {"NOT (a AND b)", "NOT (a AND b)"},
      {"NOT a AND b", "NOT a AND b"},
      {"k_1=A.b_C-9", "k_1=A.b_C-9"},
      {"city=Ürümqi OR city=ひらがな", "city=Ürümqi OR city=ひらがな"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Canonical(c.text), c.canonical) << c.text;
    EXPECT_EQ(Canonical(c.canonical), c.canonical);
  }
}

TEST(AudienceTest, ErrorsNameThePositionAndWhatIsWanted) {
  const struct {
    std::string_view text, error;
  } kCases[] = {
      {"", "at 0: found the end, want a key (a-z 0-9 _, first a letter), NOT or '('"},
      {"grade=", "at 6: found the end, want a value (letters, digits, . _ -, or \"...\")"},
      {"grade=7 grade=8", "at 8: found 'g', want AND, OR or the end"},
      {"grade=7 AND", "at 11: found the end, want a key (a-z 0-9 _, first a letter), NOT or '('"},
      {"城市=深圳", "at 0: found '城', want a key (a-z 0-9 _, first a letter), NOT or '('"},
      {"city=深圳 AND Trial", "at 12: found 'T', want a key (a-z 0-9 _, first a letter), NOT or '('"},
      {"city=深圳 and trial", "at 8: found 'a', want AND, OR or the end"},
      {"(a", "at 2: found the end, want ')'"},
      {"a)", "at 1: found ')', want AND, OR or the end"},
      {"a IN ()", "at 6: found ')', want a value (letters, digits, . _ -, or \"...\")"},
      {"a IN (1", "at 7: found the end, want ',' or ')'"},
      {"a IN 1", "at 5: found '1', want '('"},
      {"a=\"x", "at 4: found the end, want '\"'"},
      {"a=\"\\n\"", "at 4: found 'n', want \\\" or \\\\"},
      {"a=\"\\", "at 4: found a control character or the end, want text and '\"'"},
      {"a=\"x\ny\"", "at 4: found a control character or the end, want text and '\"'"},
      {"a=“1”", "at 2: found '“', want a value (letters, digits, . _ -, or \"...\")"},
      {"a＝1", "at 1: found '＝', want AND, OR or the end"},
      {"ANDa", "at 0: found 'A', want a key (a-z 0-9 _, first a letter), NOT or '('"},
      {"a=1\xff", "at 3: found bytes that are not UTF-8, want text"},
      {"深\xe6\xb7", "at 1: found bytes that are not UTF-8, want text"},
      {"深\xed\xa0\x80", "at 1: found bytes that are not UTF-8, want text"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Canonical(c.text), c.error) << c.text;
  }
}

TEST(AudienceTest, LimitsAreReachedAndNotPassed) {
  EXPECT_EQ(Canonical(Repeat("(", 10) + "a" + Repeat(")", 10)), "a");
  EXPECT_EQ(Canonical(Repeat("(", 11) + "a" + Repeat(")", 11)),
            "at 11: found more than 10 levels of NOT and parentheses, want fewer");
  EXPECT_EQ(Canonical(Repeat("NOT ", 10) + "a"), "a");
  EXPECT_EQ(Canonical(Repeat("NOT ", 11) + "a").substr(0, 7), "at 43: ");
  EXPECT_EQ(Canonical(Repeat("a OR ", 49) + "a"), Repeat("a OR ", 49) + "a");
  EXPECT_EQ(Canonical(Repeat("a OR ", 50) + "a"), "at 250: found more than 50 terms, want fewer");
  EXPECT_EQ(Canonical("a IN (" + Repeat("1,", 49) + "1)"), "a=1");
  EXPECT_EQ(Canonical("a IN (" + Repeat("1,", 50) + "1)"), "at 106: found more than 50 values, want fewer");
  EXPECT_EQ(Canonical(std::string(32, 'k')), std::string(32, 'k'));
  EXPECT_EQ(Canonical(std::string(33, 'k')), "at 0: found a key of 33 characters, want at most 32");
  EXPECT_EQ(Canonical("a=" + Repeat("深", 64)), "a=" + Repeat("深", 64));
  EXPECT_EQ(Canonical("a=" + Repeat("深", 65)), "at 2: found a value of 65 characters, want at most 64");
  EXPECT_EQ(Canonical(std::string(999, ' ') + "a"), "a");
  EXPECT_EQ(Canonical(std::string(1000, ' ') + "a"), "at 0: found 1001 characters, want at most 1000");
  EXPECT_EQ(Canonical(Repeat("((", 500000)).substr(0, 6), "at 0: ");
}

TEST(AudienceTest, AFormThatWouldGrowTooLongIsRefused) {
  std::string text;
  for (int i = 0; i < 49; ++i) text += "k=\"!234567890123456\"OR ";
  text = text.substr(0, 990);
  text = text.substr(0, text.rfind("OR ")) + "OR NOT(a)";
  Audience audience;
  ASSERT_LE(text.size(), kAudienceCharactersMax);
  EXPECT_EQ(ParseAudience(text, &audience).problem, "found more than 1000 characters in canonical form, want fewer");
}

TEST(AudienceTest, MatchesTags) {
  const Tags tags = {{"grade", "7"}, {"city", "深圳"}, {"trial", ""}};
  const struct {
    std::string_view text;
    bool matches;
  } kCases[] = {
      {"grade", true},
      {"grade=7", true},
      {"grade=8", false},
      {"trial", true},
      {"trial=\"\"", true},
      {"nobody", false},
      {"NOT nobody", true},
      {"NOT nobody=1", true},
      {"grade IN (6,7)", true},
      {"city=深", false},
      {"grade=7 AND NOT trial", false},
      {"grade=8 OR city=深圳", true},
      {"NOT (grade=7 AND city=北京)", true},
  };
  for (const auto& c : kCases) {
    Audience audience;
    ASSERT_EQ(ParseAudience(c.text, &audience).problem, "") << c.text;
    EXPECT_EQ(Matches(audience, tags), c.matches) << c.text;
  }
}

TEST(AudienceTest, RandomExpressionsComeBackFromTheirText) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const Audience audience = RandomAudience(random, 3);
    Audience again;
    const std::string text = FormatAudience(audience);
    ASSERT_EQ(ParseAudience(text, &again).problem, "") << text;
    ASSERT_EQ(audience, again) << text;
  }
}

TEST(AudienceTest, TagsHaveAForm) {
  EXPECT_TRUE(IsTagKey("grade_7"));
  for (const std::string_view key : {"", "7", "_a", "A", "a-b", "深"}) EXPECT_FALSE(IsTagKey(key)) << key;
  EXPECT_TRUE(IsTagValue(""));
  EXPECT_TRUE(IsTagValue("深圳 \"x\" \\"));
  EXPECT_FALSE(IsTagValue("a\nb"));
  EXPECT_FALSE(IsTagValue("\xc2\x85"));
  EXPECT_FALSE(IsTagValue("\xff"));
  EXPECT_FALSE(IsTagValue(Repeat("深", 65)));
}

}  // namespace
}  // namespace trivium::push
