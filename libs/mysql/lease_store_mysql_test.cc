#include "libs/mysql/lease_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/mysql/test_server.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"

namespace trivium::mysql {
namespace {

class LeaseStoreTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = TestServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override {
    ASSERT_TRUE(server_->CreateSchema("t").ok());
    ASSERT_EQ(
        server_->Run("t",
                     "CREATE TABLE lease (resource VARCHAR(64) NOT NULL PRIMARY KEY, holder VARCHAR(64) NOT NULL, "
                     "epoch BIGINT NOT NULL, expire_time DATETIME(6) NOT NULL);\n"),
        absl::OkStatus());
    pool_ = NewPool(server_->pool_options("t"), Clock::Real(), metrics_);
    store_ = NewLeaseStore(*pool_, Clock::Real());
  }
  absl::Status Touch(const std::string& holder, int64_t epoch) {
    return pool_->Transact("touch", absl::Now() + absl::Seconds(5),
                           [&](Connection& db) { return TouchLease(db, "r", holder, epoch); });
  }

  static TestServer* server_;
  Metrics metrics_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<ha::LeaseStore> store_;
};
TestServer* LeaseStoreTest::server_ = nullptr;

constexpr absl::Duration kLong = absl::Seconds(60), kShort = absl::Milliseconds(50);

TEST_F(LeaseStoreTest, FirstTakesItOthersSeeTheHolder) {
  auto a = store_->Acquire("r", "a", kLong);
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_EQ(a->holder, "a");
  EXPECT_EQ(a->epoch, 1);
  auto b = store_->Acquire("r", "b", kLong);
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(b->holder, "a");
  EXPECT_EQ(b->epoch, 1);
  EXPECT_EQ(store_->Acquire("r", "a", kLong)->epoch, 1) << "a renewal keeps the epoch";
  EXPECT_EQ(store_->Acquire("other", "b", kLong)->holder, "b");
}

TEST_F(LeaseStoreTest, ExpiredIsTakenWithANewEpochAlsoByItsOwnHolder) {
  ASSERT_EQ(store_->Acquire("r", "a", kShort)->epoch, 1);
  absl::SleepFor(2 * kShort);
  EXPECT_EQ(store_->Acquire("r", "a", kShort)->epoch, 2);
  absl::SleepFor(2 * kShort);
  const auto b = store_->Acquire("r", "b", kLong);
  EXPECT_EQ(b->holder, "b");
  EXPECT_EQ(b->epoch, 3);
}

TEST_F(LeaseStoreTest, ReleaseFreesOnlyItsOwn) {
  ASSERT_TRUE(store_->Acquire("r", "a", kLong).ok());
  ASSERT_TRUE(store_->Release("r", "a", 7).ok());
  ASSERT_TRUE(store_->Release("r", "b", 1).ok());
  EXPECT_EQ(store_->Acquire("r", "b", kLong)->holder, "a");
  ASSERT_TRUE(store_->Release("r", "a", 1).ok());
  const auto b = store_->Acquire("r", "b", kLong);
  EXPECT_EQ(b->holder, "b");
  EXPECT_EQ(b->epoch, 2);
}

TEST_F(LeaseStoreTest, HolderThatSleptIsFenced) {
  ASSERT_EQ(store_->Acquire("r", "a", kShort)->epoch, 1);
  EXPECT_TRUE(Touch("a", 1).ok());
  absl::SleepFor(2 * kShort);
  ASSERT_EQ(store_->Acquire("r", "b", kLong)->epoch, 2);
  EXPECT_EQ(ReasonOf(Touch("a", 1)), "LEASE_FENCED");
  EXPECT_EQ(ReasonOf(Touch("b", 1)), "LEASE_FENCED");
  EXPECT_TRUE(Touch("b", 2).ok());
}

// Many take at once, again and again: each round has one winner, and every answer names it.
TEST_F(LeaseStoreTest, RaceHasOneWinner) {
  for (int round = 0; round < 10; ++round) {
    const std::string resource = "race" + std::to_string(round);
    std::vector<std::thread> threads;
    std::atomic<int> winners{0};
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&, i] {
        const auto record = store_->Acquire(resource, std::to_string(i), kLong);
        if (record.ok() && record->holder == std::to_string(i)) ++winners;
      });
    }
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(winners, 1);
  }
}

TEST_F(LeaseStoreTest, StatementsSurviveHostileNames) {
  const std::string name = "'; DROP TABLE lease; --";
  ASSERT_TRUE(store_->Acquire(name, name, kLong).ok());
  EXPECT_EQ(store_->Acquire(name, "b", kLong)->holder, name);
}

}  // namespace
}  // namespace trivium::mysql
