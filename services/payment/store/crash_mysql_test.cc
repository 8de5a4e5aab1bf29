// kill -9 in the middle of writes, at seeded moments, of the writing process and sometimes of the database too; the
// next process works the same requests off. What was acknowledged stays, nothing happens twice, the books balance.
// TRIVIUM_SEED=n (--test_env) runs a schedule again.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/test_process/test_process.h"
#include "services/payment/store/crash_script.h"
#include "services/payment/store/mysql_under_test.h"
#include "services/payment/store/store_calls.h"

namespace trivium::payment {
namespace {

constexpr int kCrashes = 12, kThreads = 6;
constexpr char kWriter[] = "services/payment/store/crash_writer";

// What the writers were answered so far, by request; each line was written in one piece.
class Answers {
 public:
  explicit Answers(std::string file) : file_(std::move(file)) { Clear(); }
  void Clear() { std::ofstream(file_, std::ios::trunc).flush(); }
  const std::string& file() const { return file_; }

  size_t Count() const {
    std::ifstream in(file_);
    return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n'));
  }
  // Expects that a request that was answered before got the same answer. Starts a new file.
  void Learn() {
    std::ifstream in(file_);
    for (std::string what, id; in >> what >> id;) {
      const auto [it, is_new] = known_.emplace(what, id);
      EXPECT_EQ(it->second, id) << what << ": was acknowledged, and then forgotten";
    }
    Clear();
  }
  const std::map<std::string, std::string>& known() const { return known_; }

 private:
  const std::string file_;
  std::map<std::string, std::string> known_;
};

// What the script leads to.
struct Expected {
  int64_t payments = 0, refunds = 0, cash = 0, reserved = 0, answers = 0, events = 0;
};

Expected Outcome() {
  Expected e;
  for (int64_t n = 0; n < kCrashOrders; ++n) {
    const CrashOrder order{.n = n};
    ++e.payments;
    e.events += 2;
    e.answers += 2 + 2 * order.refunds();
    if (order.canceled()) continue;
    e.cash -= order.wrong_amount() ? 19800 : 19900;
    if (order.wrong_amount()) {
      // Sent back by the platform itself: reserved, and nobody tells its end here.
      e.reserved += 19800;
      e.refunds += 1;
      e.events += 1;
    }
    for (int i = 0; i < order.refunds(); ++i) {
      e.refunds += 1;
      // Reserved: refund and payment. Succeeded: the refund. Failed: both.
      e.events += i == 1 ? 4 : 3;
      if (i == 0) e.cash += order.refund_minor();
    }
  }
  return e;
}

class CrashTest : public ::testing::Test {
 protected:
  CrashTest() {
    const char* seed = std::getenv("TRIVIUM_SEED");
    seed_ = seed != nullptr ? std::strtoull(seed, nullptr, 10) : std::random_device{}();
    random_.seed(seed_);
  }

  void Start() { writer_.Spawn({kWriter, TestDatabase().socket(), answers_.file(), absl::StrCat(kThreads)}, log_); }

  // Lets a writer get somewhere and kills it, with the database at times.
  void Crash(bool database) {
    Start();
    const size_t enough = random_() % 80;
    const absl::Duration more = absl::Microseconds(random_() % 5000);
    while (writer_.Running() && answers_.Count() < enough) absl::SleepFor(absl::Milliseconds(1));
    absl::SleepFor(more);
    if (database) TestDatabase().Kill9();
    writer_.Terminate(SIGKILL);
    if (database) {
      ASSERT_EQ(TestDatabase().Restart(), absl::OkStatus());
    }
    answers_.Learn();
  }

  uint64_t seed_;
  std::mt19937_64 random_;
  TestProcess writer_;
  const std::string log_ = ::testing::TempDir() + "/log";
  Answers answers_{::testing::TempDir() + "/answers"};
};

TEST_F(CrashTest, NothingIsLostOrDoneTwiceOverCrashes) {
  SCOPED_TRACE(::testing::Message() << "TRIVIUM_SEED=" << seed_);
  const auto under_test = NewMysqlUnderTest(TestDatabaseOptions());
  StoreCalls calls(*under_test, kCrashProduct);
  for (int i = 0; i < kCrashes; ++i) Crash(/*database=*/i % 4 == 3);
  Start();
  ASSERT_EQ(writer_.Wait(), 0) << Tail(log_);
  answers_.Learn();

  const Expected want = Outcome();
  EXPECT_EQ(static_cast<int64_t>(answers_.known().size()), want.answers);
  Store& store = under_test->store();
  const auto payments = store.ListPayments(kCrashProduct, {.limit = 10000}, StoreCalls::Deadline());
  const auto refunds = store.ListRefunds(kCrashProduct, {.limit = 10000}, StoreCalls::Deadline());
  ASSERT_TRUE(payments.ok() && refunds.ok());
  EXPECT_EQ(static_cast<int64_t>(payments->size()), want.payments);
  EXPECT_EQ(static_cast<int64_t>(refunds->size()), want.refunds);
  std::map<Id, int64_t> given_back;
  for (const Refund& r : *refunds) {
    if (r.state != RefundState::kFailed && !r.from_suspense) given_back[r.payment_id] += r.amount_minor;
  }
  for (const Payment& p : *payments) EXPECT_EQ(p.refunded_minor, given_back[p.id]) << p.order_ref;
  const CurrencyDay day = calls.Cny();
  EXPECT_EQ(StoreCalls::Balance(day, "platform_cash"), want.cash);
  EXPECT_EQ(StoreCalls::Balance(day, "refunds_payable"), want.reserved);
  EXPECT_EQ(StoreCalls::Balance(day, "suspense"), 0);
  EXPECT_EQ(static_cast<int64_t>(calls.Events().size()), want.events);
  calls.ExpectEventsEqualStates();
}

}  // namespace
}  // namespace trivium::payment
