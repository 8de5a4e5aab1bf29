#include "libs/mysql/expand.h"

#include <gtest/gtest.h>

#include <limits>

namespace trivium::mysql {
namespace {

std::string Marked(const std::string& text) { return "<" + text + ">"; }

std::string Expanded(std::string_view sql, const Values& values) {
  const auto text = Expand(sql, values, Marked);
  return text.ok() ? *text : text.status().ToString();
}

TEST(Expand, WritesEachTypeAsItsLiteral) {
  const absl::Time time = absl::FromUnixMicros(1795334400000001);
  EXPECT_EQ(
      Expanded("a=? b=? c=? d=? e=?", {int64_t{-7}, "it", Blob{std::string("\0\xff", 2)}, time, std::monostate()}),
      "a=-7 b='<it>' c=X'00ff' d='2026-11-22 08:00:00.000001' e=NULL");
  EXPECT_EQ(Expanded("?", {std::numeric_limits<int64_t>::min()}), "-9223372036854775808");
  EXPECT_EQ(Expanded("?", {Blob{}}), "X''");
}

TEST(Expand, ValueWithAQuestionMarkIsNotAPlaceholder) { EXPECT_EQ(Expanded("? ?", {"?", "??*"}), "'<?>' '<??*>'"); }

TEST(Expand, RefusesAnotherNumberOfValues) {
  EXPECT_EQ(Expand("? ?", {int64_t{1}}, Marked).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Expand("?", {int64_t{1}, int64_t{2}}, Marked).status().code(), absl::StatusCode::kInternal);
}

TEST(Expand, RefusesTimesThatAColumnCannotHold) {
  for (absl::Time time : {absl::InfinitePast(), absl::InfiniteFuture(), absl::FromUnixSeconds(-40000000000)}) {
    EXPECT_EQ(Expand("?", {time}, Marked).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ExpandMany, JoinsTuplesAndKeepsTheTail) {
  const std::vector<Values> rows = {{int64_t{1}, "a"}, {int64_t{2}, std::monostate()}};
  const auto statements = ExpandMany("INSERT INTO t VALUES ??* ON DUPLICATE KEY UPDATE a=a", rows, Marked);
  ASSERT_TRUE(statements.ok());
  ASSERT_EQ(statements->size(), 1u);
  EXPECT_EQ((*statements)[0], "INSERT INTO t VALUES (1,'<a>'),(2,NULL) ON DUPLICATE KEY UPDATE a=a");
}

TEST(ExpandMany, SplitsAtItsLimitAndNeverInsideATuple) {
  const std::vector<Values> rows(100, Values{std::string(50, 'x')});
  const auto statements = ExpandMany("I ??* T", rows, Marked, 500);
  ASSERT_TRUE(statements.ok());
  size_t tuples = 0;
  for (const std::string& s : *statements) {
    EXPECT_LE(s.size(), 500u);
    EXPECT_EQ(s.substr(0, 3), "I (");
    EXPECT_EQ(s.substr(s.size() - 3), ") T");
    for (char c : s) tuples += c == '(';
  }
  EXPECT_EQ(tuples, 100u);
  EXPECT_EQ(ExpandMany("I ??*", std::vector<Values>(3, Values{std::string(900, 'x')}), Marked, 500)->size(), 3u);
}

TEST(ExpandMany, NoRowsIsNoStatementAndAMissingPlaceIsAnError) {
  EXPECT_TRUE(ExpandMany("I ??*", {}, Marked)->empty());
  EXPECT_FALSE(ExpandMany("I ?", {}, Marked).ok());
}

}  // namespace
}  // namespace trivium::mysql
