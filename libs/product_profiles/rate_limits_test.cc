#include "libs/product_profiles/rate_limits.h"

#include <gtest/gtest.h>

#include "libs/status/error.h"

namespace trivium {
namespace {

TEST(RateLimitsTest, LetsASecondsWorthThroughAndThenSaysHowLongToWait) {
  FakeClock clock;
  RateLimits limits(clock);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.Take("acme", 10), absl::ZeroDuration()) << i;
  EXPECT_EQ(limits.Take("acme", 10), absl::Milliseconds(100));
  EXPECT_EQ(limits.Take("other", 10), absl::ZeroDuration()) << "each name has its own";
  clock.Advance(absl::Milliseconds(100));
  EXPECT_EQ(limits.Take("acme", 10), absl::ZeroDuration());
}

TEST(RateLimitsTest, FollowsARateThatChanges) {
  FakeClock clock;
  RateLimits limits(clock);
  while (limits.Take("acme", 10) == absl::ZeroDuration()) {
  }
  clock.Advance(absl::Seconds(1));
  int taken = 0;
  while (limits.Take("acme", 2) == absl::ZeroDuration()) ++taken;
  EXPECT_LE(taken, 2);
}

TEST(ProductLimitsTest, RefusesWithTheQuotaAndTheWait) {
  FakeClock clock;
  ProductLimits limits(
      [](const std::string& product) { return product == "acme" ? std::optional<int>(1) : std::nullopt; }, clock);
  EXPECT_TRUE(limits.Admit("acme").ok());
  const absl::Status refused = limits.Admit("acme");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "RATE_LIMITED");
  int unknown = 0;
  while (limits.Admit("nobody").ok()) ++unknown;
  EXPECT_EQ(unknown, 50);
}

}  // namespace
}  // namespace trivium
