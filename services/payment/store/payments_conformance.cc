// What every engine does with payments: created once, paid once, canceled once.
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "services/payment/store/store_suite.h"

namespace trivium::payment {
namespace {

TEST_F(PaymentsTest, CreatesAPaymentOnce) {
  const NewPayment draft = Draft("request-1", "order-1");
  const absl::StatusOr<Payment> first = Create(draft);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, draft.payment);
  const absl::StatusOr<Payment> again = Create(Draft("request-1", "order-1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *first);
  EXPECT_EQ(*store_.GetPayment(product_, first->id, Deadline()), *first);
  EXPECT_EQ(store_.GetPaymentOfAttempt(product_, first->attempts[0].id, Deadline())->id, first->id);
  EXPECT_EQ(Events().size(), 1u);
}

TEST_F(PaymentsTest, ARepeatGetsTheFirstAnswerWhateverHappenedSince) {
  const Payment first = MustCreate("request-1", "order-1");
  MustTell(first, Money());
  const absl::StatusOr<Payment> again = Create(Draft("request-1", "order-1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, first);
}

TEST_F(PaymentsTest, AReusedKeyNamesTheFieldThatDiffers) {
  MustCreate("request-1", "order-1");
  const absl::Status status = Create(Draft("request-1", "order-1", 5)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(MetadataOf(status, "field"), "amount.amount_minor");
}

TEST_F(PaymentsTest, KeysAndOrdersOfProductsAreTheirOwn) {
  const Payment mine = MustCreate("request-1", "order-1");
  NewPayment theirs = Draft("request-1", "order-1");
  theirs.payment.product = other_;
  const absl::StatusOr<Payment> created = Create(theirs);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_NE(created->id, mine.id);
}

TEST_F(PaymentsTest, AnOrderHasOneOpenPayment) {
  const Payment first = MustCreate("request-1", "order-1");
  const absl::Status status = Create(Draft("request-2", "order-1")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(status), "ORDER_HAS_PAYMENT");
  EXPECT_EQ(MetadataOf(status, "payment_id"), FormatId("pay", first.id));
  // The decline stays the answer to its key, even when the order becomes free.
  MustTell(first, {.event = PaymentEvent::kExpireConfirmed});
  EXPECT_EQ(Create(Draft("request-2", "order-1")).status(), status);
  EXPECT_EQ(ReasonOf(Create(Draft("request-2", "order-2")).status()), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_TRUE(Create(Draft("request-3", "order-1")).ok());
}

TEST_F(PaymentsTest, LateMoneyGoesBackAndLeavesTheOrderToItsNextPayment) {
  const Payment first = MustCreate("request-1", "order-1");
  MustTell(first, {.event = PaymentEvent::kExpireConfirmed});
  const Payment second = MustCreate("request-2", "order-1");
  const Payment late = MustTell(first, Money());
  EXPECT_EQ(late.state, PaymentState::kSucceeded);
  EXPECT_TRUE(late.late);
  EXPECT_EQ(late.refunded_minor, 19900);
  MustTell(second, Money());
  const std::vector<Refund> refunds = *store_.ListRefunds(product_, {}, Deadline());
  ASSERT_EQ(refunds.size(), 1u);
  EXPECT_EQ(refunds[0].origin, RefundOrigin::kLatePayment);
  EXPECT_EQ(refunds[0].payment_id, first.id);
  const CurrencyDay day = Cny();
  EXPECT_EQ(day.paid_count, 2);
  EXPECT_EQ(day.refunds_open_minor, 19900);
  EXPECT_EQ(Balance(day, "refunds_payable"), 19900);
}

TEST_F(PaymentsTest, AcceptedLateMoneyHoldsTheOrderUnlessAnotherPaymentDoes) {
  const Payment kept = MustCreate("request-1", "order-1");
  MustTell(kept, {.event = PaymentEvent::kExpireConfirmed});
  EXPECT_EQ(MustTell(kept, Money(), true).refunded_minor, 0);
  EXPECT_EQ(ReasonOf(Create(Draft("request-2", "order-1")).status()), "ORDER_HAS_PAYMENT");

  const Payment beaten = MustCreate("request-3", "order-2");
  MustTell(beaten, {.event = PaymentEvent::kExpireConfirmed});
  MustCreate("request-4", "order-2");
  EXPECT_EQ(MustTell(beaten, Money(), true).refunded_minor, 19900);
  Cny();
}

TEST_F(PaymentsTest, OneOfManyEqualRequestsCreates) {
  std::set<Id> created;
  std::atomic<int> in_progress = 0;
  Mutex mu;
  InThreads(32, [&](int) {
    NewPayment draft;
    {
      MutexLock lock(mu);
      draft = Draft("request-1", "order-1");
    }
    const absl::StatusOr<Payment> payment = Create(draft);
    MutexLock lock(mu);
    if (payment.ok()) {
      created.insert(payment->id);
    } else {
      EXPECT_EQ(ReasonOf(payment.status()), "REQUEST_IN_PROGRESS") << payment.status();
      in_progress++;
    }
  });
  EXPECT_EQ(created.size(), 1u);
  EXPECT_LT(in_progress, 32);
  EXPECT_EQ(store_.ListPayments(product_, {}, Deadline())->size(), 1u);
}

TEST_F(PaymentsTest, OneOfManyPaymentsGetsTheOrder) {
  std::vector<NewPayment> drafts;
  for (int i = 0; i < 32; ++i) drafts.push_back(Draft(absl::StrCat("request-", i), "order-1"));
  std::atomic<int> created = 0, declined = 0;
  InThreads(32, [&](int i) {
    const absl::StatusOr<Payment> payment = Create(drafts[i]);
    if (payment.ok()) created++;
    if (ReasonOf(payment.status()) == "ORDER_HAS_PAYMENT") declined++;
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(declined, 31);
}

TEST_F(PaymentsTest, MoneyIsBookedOnceHoweverOftenItIsReported) {
  const Payment payment = MustCreate("request-1", "order-1");
  std::atomic<int> changed = 0, already = 0;
  InThreads(16, [&](int) {
    const absl::StatusOr<PaymentResult> result = Tell(payment, Money());
    if (!result.ok()) return;
    (result->verdict == Verdict::kChanged ? changed : already)++;
  });
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(already, 15);
  const CurrencyDay day = Cny();
  EXPECT_EQ(day.paid_minor, 19900);
  EXPECT_EQ(Balance(day, "platform_cash"), -19900);
  EXPECT_EQ(Balance(day, "commission"), 1990);
  EXPECT_EQ(Balance(day, "institution_payable"), 17910);
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(PaymentsTest, AWrongAmountFailsAndIsSentBack) {
  const Payment failed = MustTell(MustCreate("request-1", "order-1"), Money(19899));
  EXPECT_EQ(failed.state, PaymentState::kFailed);
  EXPECT_EQ(failed.attempts[0].paid_minor, 19899);
  const std::vector<Refund> refunds = *store_.ListRefunds(product_, {}, Deadline());
  ASSERT_EQ(refunds.size(), 1u);
  EXPECT_EQ(refunds[0].amount_minor, 19899);
  ASSERT_TRUE(Tell(refunds[0], RefundEvent::kPspSucceeded).ok());
  const CurrencyDay day = Cny();
  for (const char* account : {"platform_cash", "suspense", "refunds_payable", "commission", "institution_payable"}) {
    EXPECT_EQ(Balance(day, account), 0) << account;
  }
  EXPECT_EQ(day.paid_count, 0);
  EXPECT_TRUE(Create(Draft("request-2", "order-1")).ok());
}

TEST_F(PaymentsTest, WhatContradictsChangesNothing) {
  const Payment paid = MustPay("order-1");
  const absl::StatusOr<PaymentResult> result = Tell(paid, {.event = PaymentEvent::kPspDeclined});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->verdict, Verdict::kIllegal);
  EXPECT_EQ(*store_.GetPayment(product_, paid.id, Deadline()), paid);
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(PaymentsTest, AnotherProductsObjectsAreNotFound) {
  const Payment payment = MustPay("order-1");
  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", payment, 100));
  ASSERT_TRUE(refund.ok());
  EXPECT_EQ(ReasonOf(store_.GetPayment(other_, payment.id, Deadline()).status()), "PAYMENT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(store_.GetPaymentOfAttempt(other_, payment.attempts[0].id, Deadline()).status()),
            "PAYMENT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(store_.GetRefund(other_, refund->id, Deadline()).status()), "REFUND_NOT_FOUND");
  EXPECT_TRUE(store_.ListPayments(other_, {}, Deadline())->empty());
  EXPECT_TRUE(store_.ListRefunds(other_, {}, Deadline())->empty());
  EXPECT_TRUE(store_.ListEvents(other_, 0, 10, Deadline())->empty());
  Payment stolen = payment;
  stolen.product = other_;
  EXPECT_EQ(ReasonOf(Tell(stolen, Money()).status()), "PAYMENT_NOT_FOUND");
  NewRefund theirs = RefundDraft("refund-2", payment, 100);
  theirs.draft.product = other_;
  EXPECT_EQ(ReasonOf(CreateRefund(theirs).status()), "PAYMENT_NOT_FOUND");
}

TEST_F(PaymentsTest, CancelsOnceThePspHasClosed) {
  const Payment payment = MustCreate("request-1", "order-1");
  EXPECT_EQ(ReasonOf(Cancel("cancel-1", payment, false).status()), "PSP_UNAVAILABLE");
  const absl::StatusOr<Payment> canceled = Cancel("cancel-1", payment, true);
  ASSERT_TRUE(canceled.ok()) << canceled.status();
  EXPECT_EQ(canceled->state, PaymentState::kCanceled);
  EXPECT_EQ(*Cancel("cancel-1", payment, true), *canceled);
  EXPECT_EQ(*Cancel("cancel-2", payment, false), *canceled);
  // The answer stays, also when late money has come.
  MustTell(payment, Money());
  EXPECT_EQ(Cancel("cancel-1", payment, false)->state, PaymentState::kCanceled);
  EXPECT_EQ(ReasonOf(Cancel("cancel-3", payment, true).status()), "PAYMENT_NOT_CANCELABLE");
}

TEST_F(PaymentsTest, DeclinedCancellationsAreRecorded) {
  const Payment paid = MustPay("order-1");
  const absl::Status status = Cancel("cancel-1", paid, true).status();
  EXPECT_EQ(ReasonOf(status), "PAYMENT_NOT_CANCELABLE");
  EXPECT_EQ(Cancel("cancel-1", paid, true).status(), status);
  const Payment other = MustCreate("request-2", "order-2");
  EXPECT_EQ(MetadataOf(Cancel("cancel-1", other, true).status(), "field"), "payment_id");
  Payment none;
  none.id = ids_->Next();
  EXPECT_EQ(ReasonOf(Cancel("cancel-2", none, true).status()), "PAYMENT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Cancel("cancel-2", other, true).status()), "IDEMPOTENCY_KEY_REUSED");
}

TEST_F(PaymentsTest, ABatchAnswersEachItemByItself) {
  const std::vector<NewPayment> items = {Draft("request-1", "order-1"), Draft("request-2", "order-1"),
                                         Draft("request-1", "order-1"), Draft("request-1", "order-9"),
                                         Draft("request-3", "order-3")};
  const std::vector<absl::StatusOr<Payment>> outcomes = store_.CreatePayments(items, Deadline());
  ASSERT_EQ(outcomes.size(), 5u);
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_EQ(ReasonOf(outcomes[1].status()), "ORDER_HAS_PAYMENT");
  EXPECT_EQ(outcomes[2]->id, outcomes[0]->id);
  EXPECT_EQ(ReasonOf(outcomes[3].status()), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_TRUE(outcomes[4].ok());
}

}  // namespace
}  // namespace trivium::payment
