// What workers ask all the time uses the index that stands beside it, on tables with rows in them.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/store/mysql_under_test.h"
#include "services/payment/store/statements.h"
#include "services/payment/store/store_calls.h"

namespace trivium::payment {
namespace {

using mysql::Values;

// How the binary of schema version 1 claims: it runs beside this one while it is being replaced.
constexpr char kOldLockDuePayments[] =
    "SELECT product, payment_id FROM payment WHERE due_time <= ? ORDER BY due_time LIMIT ? FOR UPDATE SKIP LOCKED";
constexpr char kOldLockDueRefunds[] =
    "SELECT refund_id FROM refund WHERE due_time <= ? ORDER BY due_time LIMIT ? FOR UPDATE SKIP LOCKED";

struct Case {
  const char* statement;
  Values values;
  const char* index;
  bool may_sort = false;
};

class ExplainTest : public ::testing::Test, protected StoreCalls {
 protected:
  ExplainTest() : ExplainTest(NewMysqlUnderTest(TestDatabaseOptions())) {}

  void SetUp() override {
    for (int i = 0; i < 100; ++i) {
      const Payment paid = MustPay(absl::StrCat("paid-", i));
      if (i % 10 != 0) continue;
      MustCreate(absl::StrCat("open-", i), absl::StrCat("open-", i));
      ASSERT_TRUE(CreateRefund(RefundDraft(absl::StrCat("refund-", i), paid, 5)).ok());
    }
    const absl::Status analyzed = pool_->Use("analyze", Deadline(), [](mysql::Connection& db) {
      return db.Query("ANALYZE TABLE payment, refund").status();
    });
    ASSERT_TRUE(analyzed.ok()) << analyzed;
  }

  void Check(const Case& c) {
    const absl::Status status = pool_->Use("explain", Deadline(), [&](mysql::Connection& db) -> absl::Status {
      const auto plan = db.Query(absl::StrCat("EXPLAIN ", c.statement), c.values);
      if (!plan.ok()) return plan.status();
      // id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra.
      const mysql::Row& row = plan->at(0);
      EXPECT_EQ(row.Text(5), c.index) << c.statement << "\n" << row.Text(3) << " " << row.Text(9);
      EXPECT_TRUE(c.may_sort || row.Text(9).find("filesort") == std::string::npos) << c.statement;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status << "\n" << c.statement;
  }

 private:
  explicit ExplainTest(std::unique_ptr<StoreUnderTest> under_test)
      : StoreCalls(*under_test), under_test_owned_(std::move(under_test)) {}

  const std::unique_ptr<StoreUnderTest> under_test_owned_;
  Metrics metrics_;
  const std::unique_ptr<mysql::Pool> pool_ = mysql::NewPool(TestDatabaseOptions(), Clock::Real(), metrics_);
};

TEST_F(ExplainTest, WorkersUseTheirIndexes) {
  const mysql::Value no = int64_t{0}, yes = int64_t{1}, limit = int64_t{20}, now = kNow;
  for (const Case& c : {
           Case{sql::kLockDuePayments, {no, now, limit}, "due_silent"},
           Case{sql::kLockDuePayments, {yes, now, limit}, "due_silent"},
           Case{sql::kLockDueRefunds, {no, now, limit}, "due_silent"},
           Case{sql::kLockDueRefunds, {yes, now, limit}, "due_silent"},
           Case{sql::kCountUnknownPayments, {yes}, "due_silent", true},
           Case{sql::kCountOpenRefunds, {yes, yes}, "due_silent", true},
           Case{kOldLockDuePayments, {now, limit}, "due"},
           Case{kOldLockDueRefunds, {now, limit}, "due"},
       })
    Check(c);
}

}  // namespace
}  // namespace trivium::payment
