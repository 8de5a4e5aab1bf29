// What every engine does with refunds: reserved once, never more than was paid, reversed when they fail.
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/payment/store/store_suite.h"

namespace trivium::payment {
namespace {

TEST_F(RefundsTest, RefundsOnceAndRepeatsTheAnswer) {
  const Payment payment = MustPay("order-1");
  const absl::StatusOr<Refund> first = CreateRefund(RefundDraft("refund-1", payment, 900));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->commission_minor, 90);
  EXPECT_EQ(first->version, 1);
  ASSERT_TRUE(Tell(*first, RefundEvent::kPspSucceeded).ok());
  EXPECT_EQ(*CreateRefund(RefundDraft("refund-1", payment, 900)), AsCreated(*first));
  EXPECT_EQ(MetadataOf(CreateRefund(RefundDraft("refund-1", payment, 901)).status(), "field"), "amount.amount_minor");
  EXPECT_EQ(store_.GetRefund(product_, first->id, Deadline())->state, RefundState::kSucceeded);
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->refunded_minor, 900);
  const CurrencyDay day = Cny();
  EXPECT_EQ(day.refunded_minor, 900);
  EXPECT_EQ(Balance(day, "platform_cash"), -19000);
  // Paid: 2 events; reserved: payment and refund; succeeded: refund.
  EXPECT_EQ(Events().size(), 5u);
}

TEST_F(RefundsTest, DeclinedRefundsAreRecorded) {
  const Payment open = MustCreate("request-1", "order-1");
  const absl::Status early = CreateRefund(RefundDraft("refund-1", open, 100)).status();
  EXPECT_EQ(ReasonOf(early), "PAYMENT_NOT_SUCCEEDED");
  MustTell(open, Money());
  EXPECT_EQ(CreateRefund(RefundDraft("refund-1", open, 100)).status(), early);
  EXPECT_EQ(ReasonOf(CreateRefund(RefundDraft("refund-1", open, 101)).status()), "IDEMPOTENCY_KEY_REUSED");
  const absl::Status over = CreateRefund(RefundDraft("refund-2", open, 19901)).status();
  EXPECT_EQ(ReasonOf(over), "REFUND_EXCEEDS_PAYMENT");
  EXPECT_EQ(MetadataOf(over, "refundable_minor"), "19900");
  // Form does not use a key up.
  NewRefund dollars = RefundDraft("refund-3", open, 100);
  dollars.draft.currency = "USD";
  EXPECT_EQ(CreateRefund(dollars).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(CreateRefund(RefundDraft("refund-3", open, 100)).ok());
}

TEST_F(RefundsTest, ManyRefundsAtOnceNeverExceedThePayment) {
  const Payment payment = MustPay("order-1", 1000);
  std::vector<NewRefund> drafts;
  for (int i = 0; i < 64; ++i) drafts.push_back(RefundDraft(absl::StrCat("refund-", i), payment, 70));
  std::atomic<int> reserved = 0, declined = 0;
  InThreads(64, [&](int i) {
    absl::StatusOr<Refund> refund = CreateRefund(drafts[i]);
    for (int tries = 0; ReasonOf(refund.status()) == "REQUEST_IN_PROGRESS" && tries < 50; ++tries)
      refund = CreateRefund(drafts[i]);
    if (refund.ok()) reserved++;
    if (ReasonOf(refund.status()) == "REFUND_EXCEEDS_PAYMENT") declined++;
  });
  EXPECT_EQ(reserved, 14);
  EXPECT_EQ(declined, 50);
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->refunded_minor, 980);
  EXPECT_EQ(Balance(Cny(), "refunds_payable"), 980);
  EXPECT_EQ(Events().size(), 2u + 28u);
}

TEST_F(RefundsTest, AFailedRefundIsReversed) {
  const Payment payment = MustPay("order-1");
  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", payment, 19900));
  ASSERT_TRUE(refund.ok());
  ASSERT_EQ(Tell(*refund, RefundEvent::kOutcomeUnknown)->verdict, Verdict::kChanged);
  ASSERT_EQ(Tell(*refund, RefundEvent::kPspDeclined)->verdict, Verdict::kChanged);
  ASSERT_EQ(Tell(*refund, RefundEvent::kPspSucceeded)->verdict, Verdict::kIllegal);
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->refunded_minor, 0);
  EXPECT_EQ(Balance(Cny(), "institution_payable"), 17910);
  EXPECT_TRUE(CreateRefund(RefundDraft("refund-2", payment, 19900)).ok());
  // Paid 2; reserved 2; unknown 1; failed 2; reserved 2.
  EXPECT_EQ(Events().size(), 9u);
}

}  // namespace
}  // namespace trivium::payment
