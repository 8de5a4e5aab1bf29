#include "libs/ha/lease.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace trivium::ha {
namespace {

// Passes calls on until told that the store is down or slow.
class FaultyStore : public LeaseStore {
 public:
  FaultyStore(LeaseStore& inner, FakeClock& clock) : inner_(inner), clock_(clock) {}
  absl::StatusOr<LeaseRecord> Acquire(const std::string& resource, const std::string& holder,
                                      absl::Duration ttl) override {
    if (down) return absl::UnavailableError("down");
    absl::StatusOr<LeaseRecord> record = inner_.Acquire(resource, holder, ttl);
    clock_.Advance(answer_takes);
    return record;
  }
  absl::Status Release(const std::string& resource, const std::string& holder, int64_t epoch) override {
    return down ? absl::UnavailableError("down") : inner_.Release(resource, holder, epoch);
  }
  bool down = false;
  absl::Duration answer_takes;

 private:
  LeaseStore& inner_;
  FakeClock& clock_;
};

class LeaseTest : public testing::Test {
 protected:
  // ttl 6 s, renew deadline 4 s, retry 1 s.
  Lease NewLease(const std::string& holder) { return Lease({.resource = "r", .holder = holder}, store_, clock_); }
  void Pass(Lease& lease, int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock_.Advance(absl::Seconds(1));
      lease.Tick();
    }
  }

  FakeClock clock_;
  std::unique_ptr<LeaseStore> inner_ = NewInMemoryLeaseStore(clock_);
  FaultyStore store_{*inner_, clock_};
};

TEST_F(LeaseTest, OneHolderAtATimeAndItKeepsItsEpochWhileItRenews) {
  Lease a = NewLease("a"), b = NewLease("b");
  a.Tick();
  b.Tick();
  EXPECT_TRUE(a.Held());
  EXPECT_FALSE(b.Held());
  Pass(a, 60);
  b.Tick();
  EXPECT_TRUE(a.Held());
  EXPECT_FALSE(b.Held());
  EXPECT_EQ(a.epoch(), 1);
}

TEST_F(LeaseTest, HolderStopsActingBeforeAnotherCanTakeOver) {
  Lease a = NewLease("a"), b = NewLease("b");
  a.Tick();
  store_.down = true;
  Pass(a, 3);
  EXPECT_TRUE(a.Held()) << "an outage shorter than the renew deadline changes nothing";
  EXPECT_EQ(a.last_error().code(), absl::StatusCode::kUnavailable);
  Pass(a, 1);
  EXPECT_FALSE(a.Held());
  store_.down = false;
  b.Tick();
  EXPECT_FALSE(b.Held()) << "the row expires 6 s after the renewal, 2 s after the holder stopped";
  clock_.Advance(absl::Seconds(2));
  b.Tick();
  EXPECT_TRUE(b.Held());
  EXPECT_EQ(b.epoch(), 2);
}

TEST_F(LeaseTest, TimeOfTheRenewalCountsFromBeforeTheRequest) {
  Lease a = NewLease("a");
  store_.answer_takes = absl::Milliseconds(4500);
  a.Tick();
  EXPECT_FALSE(a.Held()) << "the answer came after the renew deadline";
}

TEST_F(LeaseTest, PausedHolderComesBackWithAnotherEpoch) {
  Lease a = NewLease("a"), b = NewLease("b");
  a.Tick();
  clock_.Advance(absl::Seconds(10));  // Stopped by the kernel.
  EXPECT_FALSE(a.Held());
  b.Tick();
  ASSERT_TRUE(b.Held());
  a.Tick();
  EXPECT_FALSE(a.Held());
  EXPECT_EQ(b.epoch(), 2);
  // Even when nobody took it meanwhile, work begun before the pause is fenced.
  b.Release();
  Pass(a, 1);
  ASSERT_TRUE(a.Held());
  EXPECT_EQ(a.epoch(), 3);
  clock_.Advance(absl::Seconds(10));
  a.Tick();
  EXPECT_TRUE(a.Held());
  EXPECT_EQ(a.epoch(), 4);
}

TEST_F(LeaseTest, ReleaseHandsOverAtOnce) {
  Lease a = NewLease("a"), b = NewLease("b");
  a.Tick();
  a.Release();
  EXPECT_FALSE(a.Held());
  b.Tick();
  EXPECT_TRUE(b.Held());
}

TEST_F(LeaseTest, ReleaseWithAnOldEpochFreesNothing) {
  ASSERT_TRUE(store_.Acquire("r", "a", absl::Seconds(6)).ok());
  clock_.Advance(absl::Seconds(7));
  ASSERT_EQ(store_.Acquire("r", "a", absl::Seconds(6))->epoch, 2);
  ASSERT_TRUE(store_.Release("r", "a", 1).ok());
  EXPECT_EQ(store_.Acquire("r", "b", absl::Seconds(6))->holder, "a");
}

TEST_F(LeaseTest, TicksFasterThanRetryDoNotAskTheStore) {
  Lease a = NewLease("a");
  a.Tick();
  store_.down = true;
  clock_.Advance(absl::Milliseconds(999));
  a.Tick();
  EXPECT_TRUE(a.last_error().ok());
}

// Threads race for one lease on real time; whoever holds it counts alone. With renewals and releases in between, no two
// may ever be inside.
TEST(LeaseRace, TwoHoldersNeverActTogether) {
  std::unique_ptr<LeaseStore> store = NewInMemoryLeaseStore(Clock::Real());
  std::atomic<int> inside{0}, turns{0};
  std::atomic<bool> together{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Lease lease({.resource = "r",
                   .holder = std::to_string(i),
                   .ttl = absl::Seconds(60),
                   .renew_deadline = absl::Seconds(30),
                   .retry = absl::ZeroDuration()},
                  *store, Clock::Real());
      for (int k = 0; k < 300; ++k) {
        lease.Tick();
        if (!lease.Held()) continue;
        if (++inside > 1) together = true;
        ++turns;
        --inside;
        if (k % 3 == 0) lease.Release();
      }
      lease.Release();
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_FALSE(together);
  EXPECT_GT(turns, 0);
}

}  // namespace
}  // namespace trivium::ha
