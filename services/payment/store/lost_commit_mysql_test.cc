// The answer to a COMMIT is lost on its way, in each way in which that can happen, at each write: it happens once, and
// a repeat of the request is told what happened.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/store/commit_cutter.h"
#include "services/payment/store/mysql_under_test.h"
#include "services/payment/store/store_calls.h"

namespace trivium::payment {
namespace {

constexpr int kMaxRuns = 5;  // Of a write, as in mysql_store.cc.

mysql::PoolOptions Through(const CommitCutter& cutter) {
  mysql::PoolOptions options = TestDatabaseOptions();
  options.unix_socket = cutter.socket();
  return options;
}

struct Scene {
  CommitCutter cutter{TestDatabase().socket()};
  std::unique_ptr<StoreUnderTest> under_test = NewMysqlUnderTest(Through(cutter));
  StoreCalls calls{*under_test};
};

// A write, and what it leaves behind however its COMMITs fared.
struct Write {
  const char* name;
  // Makes what the write needs; answers the write, which can be called again and again.
  std::function<std::function<absl::Status()>(StoreCalls&)> prepare;
  size_t events;           // In all.
  int64_t cash, reserved;  // Of the ledger: balances of platform_cash and refunds_payable.
  absl::StatusCode answer = absl::StatusCode::kOk;
};

const Write kWrites[] = {
    {"CreatePayment",
     [](StoreCalls& calls) { return [&] { return calls.Create(calls.Draft("request-1", "order-1")).status(); }; }, 1, 0,
     0},
    {"CreatePayment, declined",
     [](StoreCalls& calls) {
       calls.MustCreate("request-1", "order-1");
       return [&] { return calls.Create(calls.Draft("request-2", "order-1")).status(); };
     },
     1, 0, 0, absl::StatusCode::kAlreadyExists},
    {"callback of a payment",
     [](StoreCalls& calls) {
       const Payment payment = calls.MustCreate("request-1", "order-1");
       return [&calls, payment] { return calls.Tell(payment, StoreCalls::Money()).status(); };
     },
     2, -19900, 0},
    {"callback with a wrong amount",
     [](StoreCalls& calls) {
       const Payment payment = calls.MustCreate("request-1", "order-1");
       return [&calls, payment] { return calls.Tell(payment, StoreCalls::Money(5)).status(); };
     },
     3, -5, 5},
    {"CancelPayment",
     [](StoreCalls& calls) {
       const Payment payment = calls.MustCreate("request-1", "order-1");
       return [&calls, payment] { return calls.Cancel("cancel-1", payment, true).status(); };
     },
     2, 0, 0},
    {"CancelPayment, declined",
     [](StoreCalls& calls) {
       const Payment payment = calls.MustPay("order-1");
       return [&calls, payment] { return calls.Cancel("cancel-1", payment, true).status(); };
     },
     2, -19900, 0, absl::StatusCode::kFailedPrecondition},
    {"CreateRefund",
     [](StoreCalls& calls) {
       const Payment payment = calls.MustPay("order-1");
       return [&calls, payment] { return calls.CreateRefund(calls.RefundDraft("refund-1", payment, 900)).status(); };
     },
     4, -19900, 900},
    {"CreateRefund, declined",
     [](StoreCalls& calls) {
       const Payment payment = calls.MustPay("order-1");
       return [&calls, payment] { return calls.CreateRefund(calls.RefundDraft("refund-1", payment, 19901)).status(); };
     },
     2, -19900, 0, absl::StatusCode::kFailedPrecondition},
    {"callback of a refund",
     [](StoreCalls& calls) {
       const Refund refund = *calls.CreateRefund(calls.RefundDraft("refund-1", calls.MustPay("order-1"), 900));
       return [&calls, refund] { return calls.Tell(refund, RefundEvent::kPspSucceeded).status(); };
     },
     5, -19000, 0},
    {"callback of a refund that failed",
     [](StoreCalls& calls) {
       const Refund refund = *calls.CreateRefund(calls.RefundDraft("refund-1", calls.MustPay("order-1"), 900));
       return [&calls, refund] { return calls.Tell(refund, RefundEvent::kPspDeclined).status(); };
     },
     6, -19900, 0},
};

constexpr std::pair<Cut, const char*> kCuts[] = {
    {Cut::kBeforeServer, "lost before the server"}, {Cut::kAfterServer, "lost after the server"}, {Cut::kLate, "late"}};

void ExpectOnce(const Write& write, StoreCalls& calls) {
  EXPECT_EQ(calls.Events().size(), write.events);
  calls.ExpectEventsEqualStates();
  const CurrencyDay day = calls.Cny();
  EXPECT_EQ(StoreCalls::Balance(day, "platform_cash"), write.cash);
  EXPECT_EQ(StoreCalls::Balance(day, "refunds_payable"), write.reserved);
}

void ForEachWriteAndCut(const std::function<void(const Write&, Cut)>& check) {
  for (const Write& write : kWrites) {
    for (const auto& [cut, name] : kCuts) {
      SCOPED_TRACE(::testing::Message() << write.name << ", " << name);
      check(write, cut);
    }
  }
}

TEST(LostCommitTest, TheStoreFindsOutByItselfWhatHappened) {
  TestDatabase();
  ForEachWriteAndCut([](const Write& write, Cut cut) {
    Scene s;
    const auto run = write.prepare(s.calls);
    s.cutter.Arm(cut);
    EXPECT_EQ(run().code(), write.answer);
    EXPECT_EQ(s.cutter.cuts(), 1);
    EXPECT_EQ(run().code(), write.answer) << "a repeat gets the same";
    ExpectOnce(write, s.calls);
  });
}

TEST(LostCommitTest, WhenItCannotBeFoundOutTheRequestIsInProgressAndARepeatEndsIt) {
  ForEachWriteAndCut([](const Write& write, Cut cut) {
    if (cut == Cut::kLate) return;  // It would wait for a run that does not come.
    Scene s;
    const auto run = write.prepare(s.calls);
    s.cutter.Arm(cut, kMaxRuns);
    const absl::Status lost = run();
    EXPECT_EQ(lost.code(), absl::StatusCode::kAborted) << lost;
    EXPECT_EQ(ReasonOf(lost), "REQUEST_IN_PROGRESS");
    EXPECT_EQ(s.cutter.cuts(), kMaxRuns);
    EXPECT_EQ(run().code(), write.answer);
    ExpectOnce(write, s.calls);
  });
}

// DATABASE_UNAVAILABLE would say that nothing happened.
TEST(LostCommitTest, ADatabaseThatGoesDownAtTheCommitLeavesTheRequestInProgress) {
  ForEachWriteAndCut([](const Write& write, Cut cut) {
    if (cut == Cut::kLate) return;
    Scene s;
    const auto run = write.prepare(s.calls);
    s.cutter.Arm(cut, 1, /*down_after=*/true);
    EXPECT_EQ(ReasonOf(run()), "REQUEST_IN_PROGRESS");
    EXPECT_EQ(ReasonOf(run()), "DATABASE_UNAVAILABLE") << "this time no COMMIT was sent";
    s.cutter.Heal();
    EXPECT_EQ(run().code(), write.answer);
    ExpectOnce(write, s.calls);
  });
}

}  // namespace
}  // namespace trivium::payment
