#include "services/payment/domain/payment_rules.h"

#include <gtest/gtest.h>

namespace trivium::payment {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1795334400);

Payment New() {
  Payment payment;
  payment.product = "acme";
  payment.institution_id = "inst-1";
  payment.currency = "CNY";
  payment.amount_minor = 19900;
  payment.commission_minor = 1990;
  payment.create_time = kNow;
  payment.expire_time = kNow + absl::Minutes(30);
  payment.attempts.resize(1);
  return FirstState(payment);
}

PaymentSignal Money(int64_t minor = 19900, const char* currency = "CNY") {
  return {.event = PaymentEvent::kPspSucceeded, .paid_minor = minor, .paid_currency = currency, .psp_trade_id = "t-1"};
}

PaymentContext At(absl::Duration after) { return {.now = kNow + after}; }

Payment After(Payment payment, PaymentEvent event) {
  return Decide(payment, {.event = event}, At(absl::Minutes(1))).after;
}

TEST(PaymentRulesTest, FirstStateWaitsForTheUser) {
  const Payment payment = New();
  EXPECT_EQ(payment.state, PaymentState::kRequiresAction);
  EXPECT_EQ(payment.version, 1);
  EXPECT_EQ(payment.due_time, kNow + absl::Seconds(2));
}

TEST(PaymentRulesTest, MoneyOfTheRightAmountSucceeds) {
  const PaymentDecision d = Decide(New(), Money(), At(absl::Minutes(1)));
  EXPECT_EQ(d.verdict, Verdict::kChanged);
  EXPECT_EQ(d.after.state, PaymentState::kSucceeded);
  EXPECT_EQ(d.after.version, 2);
  EXPECT_FALSE(d.after.late);
  EXPECT_EQ(d.after.attempts[0].paid_minor, 19900);
  EXPECT_EQ(d.after.due_time, absl::InfiniteFuture());
  EXPECT_EQ(d.ledger.size(), 1u);
  EXPECT_FALSE(d.refund);
  EXPECT_EQ(Decide(d.after, Money(), At(absl::Minutes(2))).verdict, Verdict::kAlready);
}

TEST(PaymentRulesTest, AWrongAmountOrCurrencyFailsAndGoesBack) {
  for (const PaymentSignal& signal : {Money(19899), Money(20000), Money(19900, "USD")}) {
    const PaymentDecision d = Decide(New(), signal, At(absl::Minutes(1)));
    EXPECT_EQ(d.after.state, PaymentState::kFailed);
    EXPECT_EQ(d.after.state_reason, "PSP_AMOUNT_MISMATCH");
    EXPECT_FALSE(d.after.holds_order);
    ASSERT_TRUE(d.refund);
    EXPECT_EQ(d.refund->amount_minor, signal.paid_minor);
    EXPECT_EQ(d.refund->currency, signal.paid_currency);
    EXPECT_EQ(d.refund->origin, RefundOrigin::kAmountMismatch);
    EXPECT_EQ(d.after.refunded_minor, 0);
    EXPECT_EQ(d.ledger.size(), 2u);
    EXPECT_EQ(Decide(d.after, signal, At(absl::Minutes(2))).verdict, Verdict::kAlready);
  }
}

TEST(PaymentRulesTest, LateMoneyIsRecordedAndSentBack) {
  for (const PaymentEvent end : {PaymentEvent::kExpireConfirmed, PaymentEvent::kCancelConfirmed}) {
    const Payment ended = After(New(), end);
    const PaymentDecision d = Decide(ended, Money(), At(absl::Hours(1)));
    EXPECT_EQ(d.after.state, PaymentState::kSucceeded);
    EXPECT_TRUE(d.after.late);
    EXPECT_EQ(d.after.version, ended.version + 1);
    EXPECT_EQ(d.after.refunded_minor, 19900);
    EXPECT_FALSE(d.after.holds_order);
    ASSERT_TRUE(d.refund);
    EXPECT_EQ(d.refund->origin, RefundOrigin::kLatePayment);
    EXPECT_EQ(d.refund->commission_minor, 1990);
    EXPECT_EQ(d.ledger.size(), 2u);
  }
}

TEST(PaymentRulesTest, LateMoneyIsKeptWhereTheProfileAcceptsItAndTheOrderIsFree) {
  const Payment expired = After(New(), PaymentEvent::kExpireConfirmed);
  PaymentContext context = At(absl::Hours(1));
  context.accept_late = true;
  const PaymentDecision kept = Decide(expired, Money(), context);
  EXPECT_FALSE(kept.refund);
  EXPECT_TRUE(kept.after.holds_order);
  context.order_is_free = false;
  const PaymentDecision second = Decide(expired, Money(), context);
  EXPECT_TRUE(second.refund);
  EXPECT_FALSE(second.after.holds_order);
}

TEST(PaymentRulesTest, MoneyAfterADeclineIsBookedOnceAndSentBack) {
  const Payment declined = After(New(), PaymentEvent::kPspDeclined);
  const PaymentDecision d = Decide(declined, Money(), At(absl::Hours(1)));
  EXPECT_EQ(d.verdict, Verdict::kChanged);
  EXPECT_EQ(d.after.state, PaymentState::kFailed);
  ASSERT_TRUE(d.refund);
  EXPECT_TRUE(d.refund->from_suspense);
  EXPECT_EQ(Decide(d.after, Money(), At(absl::Hours(2))).verdict, Verdict::kAlready);
}

TEST(PaymentRulesTest, WhatContradictsChangesNothing) {
  const Payment paid = Decide(New(), Money(), At(absl::Minutes(1))).after;
  for (const PaymentEvent event :
       {PaymentEvent::kPspDeclined, PaymentEvent::kPspWaiting, PaymentEvent::kCancelConfirmed,
        PaymentEvent::kExpireConfirmed, PaymentEvent::kOutcomeUnknown}) {
    const PaymentDecision d = Decide(paid, {.event = event}, At(absl::Minutes(2)));
    EXPECT_EQ(d.verdict, Verdict::kIllegal);
    EXPECT_EQ(d.after, paid);
    EXPECT_TRUE(d.ledger.empty());
  }
}

TEST(PaymentRulesTest, AsCreatedIsTheFirstAnswer) {
  const Payment first = New();
  EXPECT_EQ(AsCreated(Decide(first, Money(), At(absl::Minutes(1))).after), first);
  EXPECT_EQ(AsCreated(After(first, PaymentEvent::kExpireConfirmed)), first);
}

TEST(RefundRulesTest, ChecksStateCurrencyAndWhatIsLeft) {
  Payment payment = New();
  EXPECT_EQ(CheckRefund(payment, 1, "CNY"), RefundCheck::kNotSucceeded);
  payment = Decide(payment, Money(), At(absl::Minutes(1))).after;
  EXPECT_EQ(CheckRefund(payment, 19900, "CNY"), RefundCheck::kOk);
  EXPECT_EQ(CheckRefund(payment, 19901, "CNY"), RefundCheck::kExceeds);
  EXPECT_EQ(CheckRefund(payment, 1, "USD"), RefundCheck::kWrongCurrency);
  payment.refunded_minor = 19900;
  EXPECT_EQ(CheckRefund(payment, 1, "CNY"), RefundCheck::kExceeds);
}

TEST(RefundRulesTest, AFailedRefundGivesTheMoneyBackToThePayment) {
  const Payment paid = Decide(New(), Money(), At(absl::Minutes(1))).after;
  Refund draft;
  draft.amount_minor = 900;
  draft.create_time = kNow + absl::Minutes(2);
  const RefundDecision reserved = Reserve(paid, draft);
  EXPECT_EQ(reserved.payment_after.refunded_minor, 900);
  EXPECT_EQ(reserved.after.attempt_id, paid.attempts.back().id);
  EXPECT_EQ(reserved.after.psp, paid.attempts.back().psp);
  EXPECT_EQ(reserved.after.institution_id, paid.institution_id);
  const RefundDecision failed =
      Decide(reserved.payment_after, reserved.after, RefundEvent::kPspDeclined, kNow + absl::Minutes(3));
  EXPECT_EQ(failed.after.state_reason, "PSP_DECLINED");
  EXPECT_EQ(failed.payment_after.refunded_minor, 0);
  EXPECT_EQ(failed.payment_after.version, paid.version + 2);
  EXPECT_EQ(Decide(failed.payment_after, failed.after, RefundEvent::kPspSucceeded, kNow).verdict, Verdict::kIllegal);
  EXPECT_EQ(Decide(failed.payment_after, failed.after, RefundEvent::kPspDeclined, kNow).verdict, Verdict::kAlready);
}

}  // namespace
}  // namespace trivium::payment
