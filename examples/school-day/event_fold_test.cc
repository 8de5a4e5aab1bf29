#include "examples/school-day/event_fold.h"

#include <gtest/gtest.h>

namespace trivium::schoolday {
namespace {

PaymentView Paid(int64_t version) {
  PaymentView p;
  p.payment_id = "pay_1";
  p.order_ref = "d1-acme-00001";
  p.state = "SUCCEEDED";
  p.version = version;
  return p;
}

TEST(EventFold, KeepsTheLastState) {
  EventFold fold("acme", "d1");
  fold.Apply("e1", "acme", Paid(1), 1000);
  fold.Apply("e2", "acme", Paid(2), 2000);
  fold.Apply("e3", "acme", RefundView{.refund_id = "ref_1", .payment_id = "pay_1", .version = 1});
  PaymentView found;
  EXPECT_TRUE(fold.Find("pay_1", &found));
  EXPECT_EQ(found.version, 2);
  EXPECT_FALSE(fold.Find("pay_2", &found));
  EXPECT_EQ(fold.refunds().size(), 1u);
  EXPECT_EQ(fold.events(), 3u);
  EXPECT_TRUE(fold.complaints().empty());
}

TEST(EventFold, NoticesGapsRepeatsAndOrder) {
  EventFold gap("acme", "d1");
  gap.Apply("e1", "acme", Paid(1), 3000);
  gap.Apply("e2", "acme", Paid(3), 4000);
  EXPECT_EQ(gap.complaints().at(0), "events: pay_1 went from version 1 to 3, want 2");

  EventFold late_start("acme", "d1");
  late_start.Apply("e1", "acme", Paid(2), 5000);
  EXPECT_EQ(late_start.complaints().size(), 1u);

  EventFold twice("acme", "d1");
  twice.Apply("e1", "acme", Paid(1), 6000);
  twice.Apply("e1", "acme", Paid(1), 7000);
  EXPECT_EQ(twice.complaints().at(0), "events: e1 came twice, although each cursor was used once");

  EventFold foreign("acme", "d1");
  foreign.Apply("e1", "globex", Paid(1), 8000);
  EXPECT_EQ(foreign.complaints().at(0), "events: acme received event e1 of globex");
}

TEST(EventFold, TellsWhenTheMoneyWasThere) {
  EventFold fold("acme", "d1");
  PaymentView p = Paid(1);
  p.amount_minor = 500;
  p.state = "REQUIRES_ACTION";
  fold.Apply("e1", "acme", p, 1000);
  EXPECT_EQ(fold.TimesOf(p.order_ref), MoneyTimes());
  p = Paid(2);
  p.amount_minor = 500;
  fold.Apply("e2", "acme", p, 2000);
  p.refunded_minor = 100, p.version = 3;
  fold.Apply("e3", "acme", p, 3000);
  EXPECT_EQ(fold.TimesOf(p.order_ref), (MoneyTimes{2000, 0})) << "a part went back";
  EXPECT_TRUE(fold.HasPaid(p.order_ref));
  p.refunded_minor = 500, p.version = 4;
  fold.Apply("e4", "acme", p, 4000);
  EXPECT_EQ(fold.TimesOf(p.order_ref), (MoneyTimes{2000, 4000}));
  EXPECT_FALSE(fold.HasPaid(p.order_ref));
  p.version = 5;
  fold.Apply("e5", "acme", p, 5000);
  EXPECT_EQ(fold.money_times().at(p.order_ref), (MoneyTimes{2000, 4000}));
}

TEST(EventFold, LateMoneyThatIsNotKeptIsThereAndGone) {
  EventFold fold("acme", "d1");
  PaymentView late = Paid(1);
  late.amount_minor = late.refunded_minor = 500;
  fold.Apply("e1", "acme", late, 1000);
  EXPECT_EQ(fold.TimesOf(late.order_ref), (MoneyTimes{1000, 1000}));
  EXPECT_FALSE(fold.HasPaid(late.order_ref));
  PaymentView second = Paid(1);
  second.payment_id = "pay_2";
  second.amount_minor = 500;
  fold.Apply("e2", "acme", second, 2000);
  EXPECT_EQ(fold.TimesOf(late.order_ref), (MoneyTimes{2000, 0})) << "the order is paid all the same";
}

TEST(EventFold, LeavesOtherDaysAlone) {
  EventFold fold("acme", "d1");
  PaymentView other = Paid(7);
  other.order_ref = "d12-acme-00001";
  fold.Apply("e1", "acme", other, 9000);
  fold.Apply("e2", "acme", RefundView{.refund_id = "ref_9", .payment_id = "pay_1", .version = 4});
  EXPECT_TRUE(fold.payments().empty());
  EXPECT_TRUE(fold.refunds().empty());
  EXPECT_TRUE(fold.complaints().empty());
}

}  // namespace
}  // namespace trivium::schoolday
