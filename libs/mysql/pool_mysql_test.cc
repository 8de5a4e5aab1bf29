// Transactions, the pool's bounds and the errors' meaning, against a real server.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/mysql/mysql.h"
#include "libs/mysql/test_server.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"

namespace trivium::mysql {
namespace {

absl::Time In(absl::Duration d) { return absl::Now() + d; }

class PoolTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = TestServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }
  static void TearDownTestSuite() { delete server_; }

  void SetUp() override {
    ASSERT_TRUE(server_->CreateSchema("t").ok());
    ASSERT_EQ(server_->Run("t",
                           "CREATE TABLE account (id INT PRIMARY KEY, balance BIGINT NOT NULL CHECK (balance >= 0), "
                           "ref VARCHAR(20) CHARACTER SET utf8mb4, UNIQUE KEY by_ref (ref));\n"
                           "INSERT INTO account VALUES (1, 100, 'a'), (2, 100, 'b');\n"),
              absl::OkStatus());
  }

  std::unique_ptr<Pool> NewTestPool(PoolOptions options) { return NewPool(options, Clock::Real(), metrics_); }
  PoolOptions Options() { return server_->pool_options("t"); }
  int64_t Balance(Pool& pool, int64_t id) {
    int64_t balance = -1;
    EXPECT_EQ(pool.Use("balance", In(absl::Seconds(5)),
                       [&](Connection& db) -> absl::Status {
                         TRIVIUM_ASSIGN_OR_RETURN(auto rows,
                                                  db.Query("SELECT balance FROM account WHERE id = ?", {id}));
                         balance = rows.at(0).Int(0);
                         return absl::OkStatus();
                       }),
              absl::OkStatus());
    return balance;
  }
  static absl::Status Add(Connection& db, int64_t id, int64_t amount) {
    return db.Execute("UPDATE account SET balance = balance + ? WHERE id = ?", {amount, id}).status();
  }

  static TestServer* server_;
  Metrics metrics_;
};
TestServer* PoolTest::server_ = nullptr;

TEST_F(PoolTest, CommitsOnOkAndRollsBackOnError) {
  auto pool = NewTestPool(Options());
  EXPECT_TRUE(pool->Transact("t", In(absl::Seconds(5)), [](Connection& db) { return Add(db, 1, 5); }).ok());
  const absl::Status refused = pool->Transact("t", In(absl::Seconds(5)), [](Connection& db) -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(Add(db, 1, 1000));
    return absl::AbortedError("the business says no");
  });
  EXPECT_EQ(refused.message(), "the business says no");
  EXPECT_EQ(Balance(*pool, 1), 105);
  EXPECT_EQ(metrics_.GetCounter({"trivium_mysql_transactions_total", "", {"name", "code"}}, {"t", "OK"}).Value(), 1);
}

TEST_F(PoolTest, SessionIsUtcReadCommittedStrictAndUtf8) {
  auto pool = NewTestPool(Options());
  ASSERT_TRUE(
      pool->Use(
              "t", In(absl::Seconds(5)),
              [](Connection& db) -> absl::Status {
                TRIVIUM_ASSIGN_OR_RETURN(
                    auto rows,
                    db.Query("SELECT @@time_zone, @@tx_isolation, @@character_set_client, @@collation_connection LIKE "
                             "'utf8mb4%', @@sql_mode LIKE '%STRICT_ALL_TABLES%', @@autocommit"));
                EXPECT_EQ(rows[0].Text(0), "+00:00");
                EXPECT_EQ(rows[0].Text(1), "READ-COMMITTED");
                EXPECT_EQ(rows[0].Text(2), "utf8mb4");
                EXPECT_EQ(rows[0].Int(3), 1);
                EXPECT_EQ(rows[0].Int(4), 1);
                EXPECT_EQ(rows[0].Int(5), 1);
                return absl::OkStatus();
              })
          .ok());
}

TEST_F(PoolTest, ErrorsSayWhatHappened) {
  auto pool = NewTestPool(Options());
  const struct {
    const char* sql;
    absl::StatusCode code;
    const char* reason;
  } kCases[] = {
      {"INSERT INTO account VALUES (1, 1, 'c')", absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY"},
      {"UPDATE account SET balance = -1 WHERE id = 1", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_VIOLATED"},
      {"INSERT INTO account VALUES (3, NULL, 'c')", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_VIOLATED"},
      {"INSERT INTO account VALUES (3, 1, REPEAT('x', 21))", absl::StatusCode::kInvalidArgument, "VALUE_REFUSED"},
      {"INSERT INTO account VALUES (99999999999, 1, 'c')", absl::StatusCode::kInvalidArgument, "VALUE_REFUSED"},
      {"SELECT FROM", absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {"INSERT INTO nowhere VALUES (1)", absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {"DELETE FROM account; DELETE FROM account", absl::StatusCode::kInternal, "DATABASE_ERROR"},
  };
  for (const auto& c : kCases) {
    const absl::Status status =
        pool->Use("t", In(absl::Seconds(5)), [&](Connection& db) { return db.Execute(c.sql).status(); });
    EXPECT_EQ(status.code(), c.code) << c.sql << " " << status;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.sql << " " << status;
  }
  EXPECT_EQ(Balance(*pool, 1), 100);
}

TEST_F(PoolTest, DuplicateKeyIsNamedWithoutItsValueEvenWhenTheValueLies) {
  auto pool = NewTestPool(Options());
  const std::string lie = "x' for key 'PRIMARY";
  absl::Status status;
  for (int id : {3, 4}) {
    status = pool->Transact("t", In(absl::Seconds(5)), [&](Connection& db) {
      return db.Execute("INSERT INTO account VALUES (?, 0, ?)", {int64_t{id}, lie}).status();
    });
  }
  EXPECT_EQ(DuplicateKeyOf(status), "by_ref");
  EXPECT_EQ(status.message().find("x'"), std::string::npos) << status;
  EXPECT_EQ(DuplicateKeyOf(absl::OkStatus()), "");
}

// Two transactions that lock two rows in opposite order; both must end, and the sum be right.
TEST_F(PoolTest, DeadlockIsTriedAgain) {
  auto pool = NewTestPool(Options());
  std::atomic<int> runs{0};
  std::latch both_hold_one{2};
  const auto transfer = [&](int64_t from, int64_t to) {
    bool first = true;
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(pool->Transact("transfer", In(absl::Seconds(20)),
                               [&](Connection& db) -> absl::Status {
                                 ++runs;
                                 TRIVIUM_RETURN_IF_ERROR(Add(db, from, -1));
                                 if (std::exchange(first, false)) both_hold_one.arrive_and_wait();
                                 return Add(db, to, 1);
                               }),
                absl::OkStatus());
    }
  };
  std::thread other([&] { transfer(2, 1); });
  transfer(1, 2);
  other.join();
  EXPECT_GT(runs, 40) << "no deadlock happened: the test has no teeth";
  EXPECT_EQ(Balance(*pool, 1), 100);
  EXPECT_EQ(Balance(*pool, 2), 100);
}

TEST_F(PoolTest, BodyThatSwallowsADeadlockCannotCommitHalf) {
  auto pool = NewTestPool(Options());
  std::atomic<int> swallowed{0};
  const auto run = [&](int64_t first, int64_t second) {
    for (int i = 0; i < 10; ++i) {
      (void)pool->Transact("careless", In(absl::Seconds(20)), [&](Connection& db) -> absl::Status {
        (void)Add(db, first, -1);
        absl::SleepFor(absl::Milliseconds(5));
        if (!Add(db, second, 1).ok()) ++swallowed;
        return absl::OkStatus();
      });
    }
  };
  std::thread other([&] { run(2, 1); });
  run(1, 2);
  other.join();
  EXPECT_GT(swallowed, 0);
  EXPECT_EQ(Balance(*pool, 1) + Balance(*pool, 2), 200);
}

TEST_F(PoolTest, LockedRowEndsByTheDeadlineAndOwnAbortedIsNotRepeated) {
  auto pool = NewTestPool(Options());
  ASSERT_TRUE(pool->Transact("holder", In(absl::Seconds(10)),
                             [&](Connection& db) -> absl::Status {
                               TRIVIUM_RETURN_IF_ERROR(Add(db, 1, 1));
                               const absl::Time start = absl::Now();
                               const absl::Status waiting =
                                   pool->Transact("waiter", In(absl::Milliseconds(600)),
                                                  [](Connection& other) { return Add(other, 1, 1); });
                               EXPECT_TRUE(waiting.code() == absl::StatusCode::kAborted ||
                                           waiting.code() == absl::StatusCode::kDeadlineExceeded)
                                   << waiting;
                               EXPECT_LT(absl::Now() - start, absl::Seconds(4));
                               return absl::OkStatus();
                             })
                  .ok());
  int runs = 0;
  (void)pool->Transact("own", In(absl::Seconds(5)), [&](Connection&) -> absl::Status {
    ++runs;
    return Error(absl::StatusCode::kAborted, "IN_PROGRESS", "still in progress");
  });
  EXPECT_EQ(runs, 1);
}

TEST_F(PoolTest, SlowStatementIsStoppedByTheServer) {
  PoolOptions options = Options();
  options.statement_timeout = absl::Milliseconds(300);
  auto pool = NewTestPool(options);
  const absl::Status status = pool->Use("t", In(absl::Seconds(30)), [](Connection& db) {
    return db.Query("SELECT COUNT(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq = 7").status();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(Balance(*pool, 1), 100) << "the connection lives on";
}

TEST_F(PoolTest, DeadlineThatPassedBeforeCommitRollsBack) {
  auto pool = NewTestPool(Options());
  const absl::Status status = pool->Transact("t", In(absl::Milliseconds(200)), [&](Connection& db) {
    absl::Status s = Add(db, 1, 50);
    absl::SleepFor(absl::Milliseconds(250));
    return s;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(Balance(*pool, 1), 100);
}

TEST_F(PoolTest, ExhaustedPoolRefusesInTimeAndRecovers) {
  PoolOptions options = Options();
  options.max_connections = 2;
  options.acquire_timeout = absl::Milliseconds(100);
  auto pool = NewTestPool(options);
  const auto nest = [&](auto&& self, int depth) -> absl::Status {
    return pool->Use("t", In(absl::Seconds(5)),
                     [&](Connection&) { return depth == 1 ? absl::OkStatus() : self(self, depth - 1); });
  };
  EXPECT_TRUE(nest(nest, 2).ok());
  const absl::Status status = nest(nest, 3);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "POOL_EXHAUSTED");
  EXPECT_TRUE(nest(nest, 2).ok());
  EXPECT_TRUE(pool->Ping().ok());
}

TEST_F(PoolTest, ManyThreadsShareFewConnections) {
  PoolOptions options = Options();
  options.max_connections = 3;
  options.acquire_timeout = absl::Seconds(30);
  auto pool = NewTestPool(options);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) {
        EXPECT_EQ(pool->Transact("t", In(absl::Seconds(30)), [](Connection& db) { return Add(db, 1, 1); }),
                  absl::OkStatus());
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(Balance(*pool, 1), 300);
  EXPECT_LE(metrics_.GetGauge({"trivium_mysql_pool_open", "", {"schema"}}, {"t"}).Value(), 3);
}

TEST_F(PoolTest, WrongAddressPasswordOrSchemaAreToldApart) {
  PoolOptions options = Options();
  options.unix_socket = "/tmp/no-such-socket";
  EXPECT_EQ(ReasonOf(NewTestPool(options)->Ping()), "DATABASE_UNAVAILABLE");
  options = Options();
  options.password = "wrong";
  EXPECT_EQ(ReasonOf(NewTestPool(options)->Ping()), "DATABASE_ACCESS_DENIED");
  options = Options();
  options.schema = "nowhere";
  EXPECT_EQ(ReasonOf(NewTestPool(options)->Ping()), "SCHEMA_MISSING");
}

}  // namespace
}  // namespace trivium::mysql
