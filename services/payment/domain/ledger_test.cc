#include "services/payment/domain/ledger.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>

#include "services/payment/domain/payment_rules.h"

namespace trivium::payment {
namespace {

int64_t Sum(const LedgerTransaction& t) {
  int64_t sum = 0;
  for (const Entry& e : t.entries) sum += e.debit_minor - e.credit_minor;
  return sum;
}

Payment SucceededPayment(int64_t amount, int64_t bps) {
  Payment payment;
  payment.product = "acme";
  payment.institution_id = "inst-1";
  payment.currency = "CNY";
  payment.amount_minor = amount;
  payment.commission_minor = Commission(amount, bps);
  payment.state = PaymentState::kSucceeded;
  payment.attempts.resize(1);
  return payment;
}

Refund DraftOf(int64_t amount) {
  Refund refund;
  refund.product = "acme";
  refund.institution_id = "inst-1";
  refund.currency = "CNY";
  refund.amount_minor = amount;
  return refund;
}

TEST(CommissionTest, IsFloorAndExactAtTheEdges) {
  struct Case {
    int64_t amount, bps, want;
  };
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  for (const Case& c : {Case{19900, 1000, 1990},
                        {1, 9999, 0},
                        {1, 10000, 1},
                        {9999, 1, 0},
                        {10000, 1, 1},
                        {0, 500, 0},
                        {19900, 0, 0},
                        {kMax, 10000, kMax},
                        {kMax, 1, kMax / 10000}}) {
    EXPECT_EQ(Commission(c.amount, c.bps), c.want) << c.amount << " at " << c.bps;
  }
}

TEST(LedgerTest, PaidSharesTheAmount) {
  const LedgerTransaction paid = Paid(SucceededPayment(19900, 1000), absl::UnixEpoch());
  EXPECT_EQ(paid.entries,
            (std::vector<Entry>{
                {"commission", 0, 1990}, {"institution_payable:inst-1", 0, 17910}, {"platform_cash", 19900, 0}}));
}

TEST(LedgerTest, LeavesEmptyEntriesOut) {
  EXPECT_EQ(Paid(SucceededPayment(100, 0), absl::UnixEpoch()).entries.size(), 2u);
}

// Refunds of any split, some of which fail on the way, give back exactly everything; each step sums to zero; no share
// goes below zero.
TEST(LedgerTest, RefundsOfAnySplitAddUpToTheLastFen) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const int64_t amount = 1 + static_cast<int64_t>(random() % (round % 2 == 0 ? 50 : 10'000'000'000));
    Payment payment = SucceededPayment(amount, static_cast<int64_t>(random() % 10001));
    std::map<std::string, int64_t> balance;
    auto post = [&](const LedgerTransaction& t) {
      ASSERT_EQ(Sum(t), 0);
      for (const Entry& e : t.entries) balance[e.account] += e.credit_minor - e.debit_minor;
    };
    post(Paid(payment, absl::UnixEpoch()));
    while (payment.refunded_minor < amount) {
      const int64_t left = amount - payment.refunded_minor;
      const int64_t part = random() % 4 == 0 ? left : 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(left));
      const RefundDecision reserved = Reserve(payment, DraftOf(part));
      payment = reserved.payment_after;
      post(reserved.ledger.front());
      const RefundEvent event = random() % 3 == 0 ? RefundEvent::kPspDeclined : RefundEvent::kPspSucceeded;
      const RefundDecision ended = Decide(payment, reserved.after, event, absl::UnixEpoch());
      payment = ended.payment_after;
      post(ended.ledger.front());
      ASSERT_GE(balance["commission"], 0);
      ASSERT_GE(balance["institution_payable:inst-1"], 0);
      ASSERT_EQ(balance["refunds_payable"], 0);
    }
    for (const auto& [account, minor] : balance) ASSERT_EQ(minor, 0) << account;
  }
}

TEST(LedgerTest, SequentialRefundsFollowTheCumulativeFloor) {
  Payment payment = SucceededPayment(1000, 333);  // Commission 33.
  int64_t refunded = 0;
  for (const int64_t part : {1, 299, 33, 667}) {
    const RefundDecision reserved = Reserve(payment, DraftOf(part));
    EXPECT_EQ(reserved.after.commission_minor, 33 * (refunded + part) / 1000 - 33 * refunded / 1000);
    refunded += part;
    payment = reserved.payment_after;
  }
  EXPECT_EQ(payment.commission_refunded_minor, 33);
}

}  // namespace
}  // namespace trivium::payment
