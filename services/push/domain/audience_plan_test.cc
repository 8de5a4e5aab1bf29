#include "services/push/domain/audience_plan.h"

#include <gtest/gtest.h>

#include "services/push/domain/audience_samples.h"

namespace trivium::push {
namespace {

AudiencePlan Plan(std::string_view text) {
  Audience audience;
  EXPECT_EQ(ParseAudience(text, &audience).problem, "") << text;
  return PlanOf(audience);
}

// "(grade=7 & city) - trial"
std::string Text(const AudiencePlan& plan) {
  constexpr const char* kSigns[] = {"", " & ", " | ", " - "};
  if (plan.operation == AudiencePlan::Operation::kLeaf) {
    return plan.leaf.key.empty() ? "all" : plan.leaf.key + (plan.leaf.value ? "=" + *plan.leaf.value : "");
  }
  std::string text;
  for (const AudiencePlan& input : plan.inputs) {
    text += (text.empty() ? "(" : kSigns[static_cast<int>(plan.operation)]) + Text(input);
  }
  return text + ")";
}

TEST(AudiencePlanTest, ReadsAllUsersOnlyWhereNothingElseLimitsThem) {
  const struct {
    std::string_view expression, plan;
  } kCases[] = {
      {"grade=7", "grade=7"},
      {"grade IN (7, 8)", "(grade=7 | grade=8)"},
      {"grade=7 AND city AND NOT trial", "((grade=7 & city) - trial)"},
      {"a AND NOT b AND NOT c", "(a - (b | c))"},
      {"NOT a", "(all - a)"},
      {"NOT a AND NOT b", "(all - (a | b))"},
      {"a OR NOT b", "(a | (all - b))"},
      {"NOT (a AND b)", "(all - (a & b))"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Text(Plan(c.expression)), c.plan) << c.expression;
}

TEST(AudiencePlanTest, FindsWhomTheReferenceFinds) {
  std::mt19937_64 random(11);
  int not_empty = 0;
  for (int i = 0; i < 1500; ++i) {
    const UsersWithTags users = RandomUsers(random, static_cast<int>(random() % 60));
    const Audience audience = RandomAudience(random, 3);
    MapReader reader(users);
    const auto found = Take(*Open(PlanOf(audience), reader, 1 + random() % 5), "", 1000);
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(*found, UsersWhoMatch(audience, users)) << FormatAudience(audience);
    not_empty += found->empty() ? 0 : 1;
  }
  EXPECT_GT(not_empty, 700);
}

TEST(AudiencePlanTest, PagesGoOnWhereTheLastOneEnded) {
  std::mt19937_64 random(13);
  const UsersWithTags users = RandomUsers(random, 300);
  const AudiencePlan plan = Plan("a AND NOT b=1 OR c IN (1, 2)");
  MapReader reader(users);
  const std::vector<std::string> all = Take(*Open(plan, reader), "", 1000).value();
  ASSERT_GT(all.size(), 100u);
  std::vector<std::string> paged;
  for (std::string from;;) {
    // A new stream each time: nothing but the last user is kept between pages.
    const std::vector<std::string> page = Take(*Open(plan, reader, 4), from, 7).value();
    paged.insert(paged.end(), page.begin(), page.end());
    if (page.size() < 7) break;
    from = After(page.back());
  }
  EXPECT_EQ(paged, all);
  EXPECT_LE(reader.largest_page(), kAudiencePageUsers);
}

TEST(AudiencePlanTest, AFailedReadEndsTheWalkWithItsError) {
  struct Broken : AudienceReader {
    absl::StatusOr<std::vector<std::string>> ReadUsers(const AudienceLeaf& leaf, const std::string&, size_t) override {
      if (leaf.key == "b") return absl::UnavailableError("gone");
      return std::vector<std::string>{"u1", "u2"};
    }
  } reader;
  for (const std::string_view text : {"a AND b", "a OR b", "a AND NOT b", "NOT b", "b"}) {
    EXPECT_EQ(Take(*Open(Plan(text), reader), "", 10).status().code(), absl::StatusCode::kUnavailable) << text;
  }
}

}  // namespace
}  // namespace trivium::push
