// The server hangs, dies and comes back: what is certain is told, what is not is UNKNOWN, and the pool recovers by
// itself.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "libs/clock/clock.h"
#include "libs/mysql/mysql.h"
#include "libs/mysql/test_server.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"

namespace trivium::mysql {
namespace {

class FaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = TestServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    ASSERT_TRUE(server_->CreateSchema("t").ok());
    ASSERT_EQ(server_->Run("t", "CREATE TABLE entry (id BIGINT PRIMARY KEY);\n"), absl::OkStatus());
    PoolOptions options = server_->pool_options("t");
    options.statement_timeout = absl::Seconds(1);
    pool_ = NewPool(options, Clock::Real(), metrics_);
  }

  absl::Status Insert(int64_t id, const std::function<void()>& before_commit = nullptr) {
    return pool_->Transact("insert", absl::Now() + absl::Seconds(10), [&](Connection& db) -> absl::Status {
      TRIVIUM_RETURN_IF_ERROR(db.Execute("INSERT INTO entry VALUES (?)", {id}).status());
      if (before_commit) before_commit();
      return absl::OkStatus();
    });
  }
  std::set<int64_t> Entries() {
    std::set<int64_t> ids;
    EXPECT_EQ(pool_->Transact("entries", absl::Now() + absl::Seconds(10),
                              [&](Connection& db) -> absl::Status {
                                TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query("SELECT id FROM entry"));
                                for (const Row& row : rows) ids.insert(row.Int(0));
                                return absl::OkStatus();
                              }),
              absl::OkStatus());
    return ids;
  }

  Metrics metrics_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<Pool> pool_;
};

// The server takes the COMMIT but its answer does not come in time; it commits when it wakes.
TEST_F(FaultsTest, HangAtCommitIsUnknownAndMayHaveHappened) {
  const absl::Status status = Insert(1, [&] { server_->Stop(); });
  EXPECT_TRUE(IsCommitUnknown(status)) << status;
  server_->Cont();
  bool there = false;
  for (int i = 0; i < 100 && !there; ++i) {
    there = Entries().count(1) == 1;
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_TRUE(there) << "the COMMIT lay in the socket: an honest answer was neither yes nor no";
}

TEST_F(FaultsTest, DeathAtCommitIsUnknownAndHereDidNotHappen) {
  const absl::Status status = Insert(1, [&] { server_->Kill9(); });
  EXPECT_TRUE(IsCommitUnknown(status)) << status;
  ASSERT_EQ(server_->Restart(), absl::OkStatus());
  EXPECT_TRUE(Entries().empty());
}

TEST_F(FaultsTest, DeathBeforeCommitIsUnavailable) {
  const absl::Status status =
      pool_->Transact("t", absl::Now() + absl::Seconds(10), [&](Connection& db) -> absl::Status {
        TRIVIUM_RETURN_IF_ERROR(db.Execute("INSERT INTO entry VALUES (1)").status());
        server_->Kill9();
        (void)db.Execute("INSERT INTO entry VALUES (2)");
        return absl::OkStatus();  // Even when the body does not care.
      });
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE") << status;
  EXPECT_FALSE(pool_->Ping().ok());
  EXPECT_EQ(ReasonOf(Insert(3)), "DATABASE_UNAVAILABLE");
  ASSERT_EQ(server_->Restart(), absl::OkStatus());
  EXPECT_TRUE(pool_->Ping().ok());
  EXPECT_TRUE(Entries().empty());
}

TEST_F(FaultsTest, CleanRestartIsNotSeenByTheNextTransaction) {
  ASSERT_TRUE(Insert(1).ok());
  ASSERT_EQ(server_->Restart(), absl::OkStatus());
  EXPECT_EQ(Insert(2), absl::OkStatus()) << "the dead idle connection is replaced";
  EXPECT_EQ(Entries(), (std::set<int64_t>{1, 2}));
}

TEST_F(FaultsTest, HangInAStatementEndsInTime) {
  const absl::Time start = absl::Now();
  server_->Stop();
  const absl::Status status = Insert(1);
  server_->Cont();
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(IsCommitUnknown(status)) << "no COMMIT was sent";
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
}

// Writers keep on through two crashes. Acknowledged = there; refused = not there; only UNKNOWN may be either.
TEST_F(FaultsTest, NothingAcknowledgedIsLostOverCrashes) {
  std::atomic<bool> stop{false};
  std::vector<std::set<int64_t>> acknowledged(4), refused(4);
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int64_t id = w * 1000000; !stop; ++id) {
        const absl::Status status = Insert(id);
        if (status.ok()) {
          acknowledged[w].insert(id);
        } else if (!IsCommitUnknown(status)) {
          refused[w].insert(id);
          absl::SleepFor(absl::Milliseconds(20));
        }
      }
    });
  }
  for (int crash = 0; crash < 2; ++crash) {
    absl::SleepFor(absl::Milliseconds(500));
    server_->Kill9();
    absl::SleepFor(absl::Milliseconds(100));
    EXPECT_EQ(server_->Restart(), absl::OkStatus());
  }
  absl::SleepFor(absl::Milliseconds(300));
  stop = true;
  for (std::thread& t : writers) t.join();
  const std::set<int64_t> there = Entries();
  size_t total = 0;
  for (int w = 0; w < 4; ++w) {
    total += acknowledged[w].size();
    for (int64_t id : acknowledged[w]) EXPECT_EQ(there.count(id), 1u) << "lost " << id;
    for (int64_t id : refused[w]) EXPECT_EQ(there.count(id), 0u) << "refused, yet there " << id;
  }
  EXPECT_GT(total, 20u);
}

}  // namespace
}  // namespace trivium::mysql
