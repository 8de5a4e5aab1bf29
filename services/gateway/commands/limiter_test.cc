#include "services/gateway/commands/limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "libs/status/error.h"

namespace trivium::gateway {
namespace {

Command Limited(LimitScope scope, RateLimit limit, const std::string& item = "push.ack") {
  Command command;
  command.item = command.name = item;
  command.limits[static_cast<size_t>(scope)] = limit;
  return command;
}

class LimiterTest : public ::testing::Test {
 protected:
  int Admitted(Limiter& limiter, const Command& command, const LimitedCaller& caller, int calls) {
    int admitted = 0;
    for (int i = 0; i < calls; ++i) admitted += limiter.Admit(command, caller).ok();
    return admitted;
  }

  FakeClock clock_;
  Metrics metrics_;
  Limiter limiter_{{}, clock_, metrics_};
};

TEST_F(LimiterTest, EachScopeCountsItsOwn) {
  const LimitedCaller caller{"acme", "alice", "c-1"};
  const struct {
    LimitScope scope;
    LimitedCaller same, other;
  } kCases[] = {
      {LimitScope::kConnection, {"acme", "bob", "c-1"}, {"acme", "alice", "c-2"}},
      {LimitScope::kUser, {"acme", "alice", "c-2"}, {"globex", "alice", "c-1"}},
      {LimitScope::kProduct, {"acme", "bob", "c-2"}, {"globex", "alice", "c-1"}},
  };
  for (const auto& c : kCases) {
    const Command command = Limited(c.scope, {1, 3});
    EXPECT_EQ(Admitted(limiter_, command, caller, 10), 3);
    EXPECT_EQ(Admitted(limiter_, command, c.same, 10), 0);
    EXPECT_EQ(Admitted(limiter_, command, c.other, 10), 3);
  }
  const Command command = Limited(LimitScope::kCommand, {1, 3});
  EXPECT_EQ(Admitted(limiter_, command, caller, 10), 3);
  EXPECT_EQ(Admitted(limiter_, command, {"globex", "bob", "c-2"}, 10), 0);
  EXPECT_EQ(Admitted(limiter_, Limited(LimitScope::kCommand, {1, 3}, "push.nack"), caller, 10), 3);
}

TEST_F(LimiterTest, RefillsAndSaysWhenToComeBack) {
  const Command command = Limited(LimitScope::kUser, {2, 1});
  const LimitedCaller caller{"acme", "alice", "c-1"};
  EXPECT_TRUE(limiter_.Admit(command, caller).ok());
  const absl::Status refused = limiter_.Admit(command, caller);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "RATE_LIMITED");
  EXPECT_EQ(MetadataOf(refused, "scope"), "user");
  EXPECT_EQ(MetadataOf(refused, "command"), "push.ack");
  for (const char* detail : {"google.rpc.RetryInfo", "google.rpc.QuotaFailure"}) {
    EXPECT_TRUE(absl::StrContains(SerializeDetails(refused), detail));
  }
  EXPECT_FALSE(absl::StrContains(refused.message(), "alice")) << "no personal data in messages";
  clock_.Advance(absl::Milliseconds(500));
  EXPECT_EQ(Admitted(limiter_, command, caller, 5), 1);
  EXPECT_TRUE(absl::StrContains(
      metrics_.Expose(), "trivium_gateway_rate_limited_total{command=\"push.ack\",product=\"acme\",scope=\"user\"} 5"))
      << metrics_.Expose();
}

TEST_F(LimiterTest, ANoisyUserTakesNothingFromTheProduct) {
  Command command = Limited(LimitScope::kUser, {1, 2});
  command.limits[static_cast<size_t>(LimitScope::kProduct)] = {1, 10};
  EXPECT_EQ(Admitted(limiter_, command, {"acme", "noisy", ""}, 1000), 2);
  int others = 0;
  for (int i = 0; i < 20; ++i) others += limiter_.Admit(command, {"acme", "user-" + std::to_string(i), ""}).ok();
  EXPECT_EQ(others, 8);
}

TEST_F(LimiterTest, LimitsOfWhatIsNotKnownDoNotApply) {
  EXPECT_EQ(Admitted(limiter_, Limited(LimitScope::kUser, {1, 1}), {"acme", "", "c"}, 5), 5);
  EXPECT_EQ(Admitted(limiter_, Limited(LimitScope::kConnection, {1, 1}), {"acme", "u", ""}, 5), 5);
  EXPECT_EQ(Admitted(limiter_, Command(), {"acme", "u", "c"}, 5), 5) << "no limit at all";
  EXPECT_EQ(limiter_.buckets(), 0u);
}

TEST_F(LimiterTest, KeysOfHostileCallersDoNotMeet) {
  const Command command = Limited(LimitScope::kUser, {1, 1});
  const std::string a(100, 'a'), long_one(10'000, 'x'), long_two = std::string(9'999, 'x') + "y";
  EXPECT_EQ(Admitted(limiter_, command, {"ac", "me", ""}, 2), 1);
  EXPECT_EQ(Admitted(limiter_, command, {"acm", "e", ""}, 2), 1);
  EXPECT_EQ(Admitted(limiter_, command, {"acme", a, ""}, 2), 1);
  EXPECT_EQ(Admitted(limiter_, command, {"acme", a + "b", ""}, 2), 1);
  EXPECT_EQ(Admitted(limiter_, command, {"acme", long_one, ""}, 2), 1);
  EXPECT_EQ(Admitted(limiter_, command, {"acme", long_two, ""}, 2), 1);
  EXPECT_EQ(Admitted(limiter_, command, {"acme", std::string_view("\0\0", 2), ""}, 2), 1);
}

TEST_F(LimiterTest, ItsMemoryIsBounded) {
  Limiter small({.max_buckets = 100, .shards = 4}, clock_, metrics_);
  const Command command = Limited(LimitScope::kUser, {1, 1});
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(small.Admit(command, {"acme", std::to_string(i), ""}).ok());
  EXPECT_LE(small.buckets(), 100u);
  EXPECT_GT(small.buckets(), 50u);
  EXPECT_FALSE(small.Admit(command, {"acme", "9999", ""}).ok()) << "used last, so still there";
}

TEST_F(LimiterTest, FullBucketsGo) {
  const Command command = Limited(LimitScope::kUser, {1, 1});
  for (int i = 0; i < 1000; ++i) (void)limiter_.Admit(command, {"acme", std::to_string(i), ""});
  EXPECT_EQ(limiter_.buckets(), 1000u);
  clock_.Advance(absl::Seconds(2));
  for (int i = 0; i < 1000; ++i) (void)limiter_.Admit(command, {"acme", "new-" + std::to_string(i), ""});
  EXPECT_LE(limiter_.buckets(), 1016u);
  EXPECT_TRUE(absl::StrContains(metrics_.Expose(), "trivium_gateway_limiter_evictions_total 0")) << "none too early";
}

TEST_F(LimiterTest, ConcurrentCallersGetNoMoreThanTheLimit) {
  const Command command = Limited(LimitScope::kProduct, {1, 500});
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string uid = std::to_string(t);
      for (int i = 0; i < 1000; ++i) admitted += limiter_.Admit(command, {"acme", uid, uid}).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, 500);
}

}  // namespace
}  // namespace trivium::gateway
