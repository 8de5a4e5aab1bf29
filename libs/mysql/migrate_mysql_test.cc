#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <thread>

#include "libs/clock/clock.h"
#include "libs/mysql/mysql.h"
#include "libs/mysql/test_server.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"

namespace trivium::mysql {
namespace {

class MigrateTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = TestServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override {
    folder_ = testing::TempDir() + "/m_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    schema_ = std::string("m_") + folder_.substr(folder_.size() - 6);
    File("0001_a.sql", "CREATE TABLE a (id INT PRIMARY KEY, note VARCHAR(20) DEFAULT '?');\n");
    File("0002_b.sql", "-- Why.\nCREATE TABLE b (id INT);\nINSERT INTO b VALUES (1);\n");
  }

  void File(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }
  absl::StatusOr<MigrationResult> Run() { return Migrate(server_->pool_options(schema_), folder_, Clock::Real()); }
  int64_t CountB() {
    int64_t count = -1;
    Metrics metrics;
    EXPECT_EQ(NewPool(server_->pool_options(schema_), Clock::Real(), metrics)
                  ->Use("b", absl::InfiniteFuture(),
                        [&](Connection& db) -> absl::Status {
                          TRIVIUM_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT COUNT(*) FROM b"));
                          count = rows[0].Int(0);
                          return absl::OkStatus();
                        }),
              absl::OkStatus());
    return count;
  }
  absl::Status Check(int wanted, int newest) {
    Metrics metrics;
    return CheckSchema(*NewPool(server_->pool_options(schema_), Clock::Real(), metrics), wanted, newest);
  }

  static TestServer* server_;
  std::string folder_, schema_;
};
TestServer* MigrateTest::server_ = nullptr;

TEST_F(MigrateTest, AppliesWhatIsMissingAndNothingTwice) {
  auto first = Run();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->applied, (std::vector<std::string>{"0001_a.sql", "0002_b.sql"}));
  EXPECT_EQ(first->version, 2);
  EXPECT_TRUE(Run()->applied.empty());
  File("0003_c.sql", "INSERT INTO b VALUES (2);\n");
  EXPECT_EQ(Run()->applied, std::vector<std::string>{"0003_c.sql"});
  EXPECT_EQ(CountB(), 2);
}

TEST_F(MigrateTest, RefusesAChangedFileButNotAChangedComment) {
  ASSERT_TRUE(Run().ok());
  File("0002_b.sql", "-- Better why.\nCREATE TABLE b (id INT);\nINSERT INTO b VALUES (1);\n");
  EXPECT_TRUE(Run().ok());
  File("0002_b.sql", "CREATE TABLE b (id BIGINT);\nINSERT INTO b VALUES (1);\n");
  File("0003_c.sql", "INSERT INTO b VALUES (2);\n");
  EXPECT_EQ(ReasonOf(Run().status()), "MIGRATION_CHANGED");
  EXPECT_EQ(CountB(), 1) << "nothing is applied after a refusal";
}

TEST_F(MigrateTest, RefusesASchemaThatIsNewer) {
  File("0003_c.sql", "INSERT INTO b VALUES (2);\n");
  ASSERT_TRUE(Run().ok());
  ASSERT_EQ(unlink((folder_ + "/0003_c.sql").c_str()), 0);
  EXPECT_EQ(ReasonOf(Run().status()), "SCHEMA_NEWER");
}

TEST_F(MigrateTest, FailedStatementNamesItsLineAndTheRepairedFileGoesOnThere) {
  File("0003_c.sql", "INSERT INTO b VALUES (2);\n\nINSERT INTO typo\n  VALUES (3);\n");
  const absl::Status failed = Run().status();
  EXPECT_EQ(std::string(failed.message()).substr(0, 14), "0003_c.sql:3: ") << failed;
  EXPECT_EQ(ReasonOf(Check(3, 3)), "SCHEMA_OLDER") << "half a migration does not count";
  File("0003_c.sql", "INSERT INTO b VALUES (2);\n\nINSERT INTO b\n  VALUES (3);\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(CountB(), 3) << "the first statement ran once";
}

TEST_F(MigrateTest, TwoMigratorsAtOnceApplyEachFileOnce) {
  File("0003_c.sql", "DO SLEEP(0.3);\nINSERT INTO b VALUES (2);\n");
  absl::StatusOr<MigrationResult> other;
  std::thread thread([&] { other = Run(); });
  const auto mine = Run();
  thread.join();
  ASSERT_TRUE(mine.ok()) << mine.status();
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(mine->applied.size() + other->applied.size(), 3u);
  EXPECT_EQ(CountB(), 2);
}

TEST_F(MigrateTest, CheckSchemaTellsOlderFromNewer) {
  EXPECT_EQ(ReasonOf(Check(1, 1)), "SCHEMA_MISSING");
  ASSERT_TRUE(server_->CreateSchema(schema_).ok());
  EXPECT_EQ(ReasonOf(Check(1, 1)), "SCHEMA_OLDER");
  ASSERT_TRUE(Run().ok());
  EXPECT_TRUE(Check(2, 2).ok());
  EXPECT_TRUE(Check(1, 2).ok()) << "a migration runs under the previous binary";
  EXPECT_EQ(ReasonOf(Check(1, 1)), "SCHEMA_NEWER");
  EXPECT_EQ(ReasonOf(Check(3, 3)), "SCHEMA_OLDER");
}

}  // namespace
}  // namespace trivium::mysql
