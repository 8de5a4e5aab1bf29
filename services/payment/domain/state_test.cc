#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "services/payment/domain/payment_state.h"
#include "services/payment/domain/refund_state.h"

namespace trivium::payment {
namespace {

TEST(PaymentStateTest, EachPairIsListedOnce) {
  std::set<std::pair<PaymentState, PaymentEvent>> seen;
  for (const PaymentTransition& t : kPaymentTransitions) {
    EXPECT_TRUE(seen.insert({t.from, t.event}).second) << StateName(t.from);
    EXPECT_NE(t.from, t.to) << StateName(t.from);
  }
}

TEST(PaymentStateTest, SucceededAndFailedNeverChange) {
  for (const PaymentTransition& t : kPaymentTransitions) {
    EXPECT_NE(t.from, PaymentState::kSucceeded);
    EXPECT_NE(t.from, PaymentState::kFailed);
  }
}

TEST(PaymentStateTest, OnlyMoneyMovesAnEndedPayment) {
  for (const PaymentTransition& t : kPaymentTransitions) {
    if (IsOpen(t.from)) continue;
    EXPECT_TRUE(t.event == PaymentEvent::kPspSucceeded || t.event == PaymentEvent::kAmountMismatch);
  }
}

TEST(PaymentStateTest, UnknownIsNeverGuessed) {
  // Out of UNKNOWN leads only what the PSP has said or confirmed.
  for (const PaymentTransition& t : kPaymentTransitions) {
    if (t.from != PaymentState::kUnknown) continue;
    EXPECT_NE(t.event, PaymentEvent::kActionRequired);
    EXPECT_NE(t.event, PaymentEvent::kOutcomeUnknown);
  }
}

TEST(PaymentStateTest, OpenStatesCanAllEnd) {
  for (const PaymentState from : {PaymentState::kRequiresAction, PaymentState::kProcessing, PaymentState::kUnknown}) {
    EXPECT_EQ(NextState(from, PaymentEvent::kPspSucceeded), PaymentState::kSucceeded);
    EXPECT_EQ(NextState(from, PaymentEvent::kPspDeclined), PaymentState::kFailed);
    EXPECT_EQ(NextState(from, PaymentEvent::kAmountMismatch), PaymentState::kFailed);
    EXPECT_EQ(NextState(from, PaymentEvent::kCancelConfirmed), PaymentState::kCanceled);
    EXPECT_EQ(NextState(from, PaymentEvent::kExpireConfirmed), PaymentState::kExpired);
  }
}

TEST(RefundStateTest, FinalStatesNeverChange) {
  for (const RefundTransition& t : kRefundTransitions) EXPECT_TRUE(IsOpen(t.from));
  EXPECT_EQ(NextState(RefundState::kUnknown, RefundEvent::kPspSucceeded), RefundState::kSucceeded);
  EXPECT_EQ(NextState(RefundState::kFailed, RefundEvent::kPspSucceeded), std::nullopt);
}

}  // namespace
}  // namespace trivium::payment
