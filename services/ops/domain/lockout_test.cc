#include "services/ops/domain/lockout.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace trivium::ops {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

TEST(LockoutTest, LocksAfterFiveWrongTriesUntilTheFirstIsOld) {
  Lockout lockout({.max_tries = 5, .window = absl::Minutes(10)});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(lockout.LockedFor("alice", kStart + absl::Seconds(i)), absl::ZeroDuration());
    lockout.Tried("alice", kStart + absl::Seconds(i));
  }
  EXPECT_EQ(lockout.LockedFor("alice", kStart + absl::Minutes(1)), absl::Minutes(9));
  EXPECT_EQ(lockout.LockedFor("bob", kStart + absl::Minutes(1)), absl::ZeroDuration());
  EXPECT_EQ(lockout.LockedFor("alice", kStart + absl::Minutes(10)), absl::ZeroDuration());
}

TEST(LockoutTest, SlowTriesDoNotLock) {
  Lockout lockout({.max_tries = 5, .window = absl::Minutes(10)});
  for (int i = 0; i < 50; ++i) {
    const absl::Time now = kStart + i * absl::Minutes(3);
    EXPECT_EQ(lockout.LockedFor("alice", now), absl::ZeroDuration()) << i;
    lockout.Tried("alice", now);
  }
}

TEST(LockoutTest, ARightTryDoesNotCount) {
  Lockout lockout({.max_tries = 2, .window = absl::Minutes(10)});
  lockout.Tried("address", kStart);
  lockout.Tried("address", kStart + absl::Seconds(1));
  lockout.WasRight("address", kStart + absl::Seconds(1));
  EXPECT_EQ(lockout.LockedFor("address", kStart + absl::Seconds(2)), absl::ZeroDuration());
  lockout.Tried("address", kStart + absl::Seconds(3));
  EXPECT_GT(lockout.LockedFor("address", kStart + absl::Seconds(4)), absl::ZeroDuration());
}

TEST(LockoutTest, RemembersABoundedNumberOfKeysAndForgetsTheOldest) {
  Lockout lockout({.max_tries = 1, .window = absl::Minutes(10), .max_keys = 100});
  for (int i = 0; i < 1000; ++i)
    lockout.Tried(absl::StrCat("guess-", i), kStart + absl::Seconds(i % 60) + absl::Milliseconds(i));
  EXPECT_LE(lockout.keys(), 100u);
  lockout.Tried("newest", kStart + absl::Minutes(2));
  EXPECT_GT(lockout.LockedFor("newest", kStart + absl::Minutes(2)), absl::ZeroDuration());
}

}  // namespace
}  // namespace trivium::ops
