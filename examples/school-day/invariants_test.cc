#include "examples/school-day/invariants.h"

#include <gtest/gtest.h>

namespace trivium::schoolday {
namespace {

// A day with three orders: one paid and refunded in part, one with a wrong amount that went back, one late and
// returned.
DayRecord GoodDay() {
  DayRecord day;
  day.product = "acme";
  day.run_id = "d1";
  const auto add = [&](const std::string& n, Scenario scenario, PaymentView payment, TradeView trade) {
    OrderRecord order;
    order.plan.order_ref = "d1-acme-0000" + n;
    order.plan.scenario = scenario;
    order.plan.amount_minor = payment.amount_minor;
    order.payment_ids = {"pay_" + n};
    order.paid = true;
    day.orders.push_back(order);
    payment.payment_id = "pay_" + n;
    payment.order_ref = order.plan.order_ref;
    payment.version = 2;
    trade.out_trade_no = "att_" + n;
    trade.trade_id = "sbt_" + n;
    payment.attempts = {{"att_" + n, "sbt_" + n, trade.paid_minor}};
    day.payments[payment.payment_id] = payment;
    day.trades[trade.out_trade_no] = trade;
  };
  add("1", Scenario::kPay, {.state = "SUCCEEDED", .amount_minor = 300, .refunded_minor = 100},
      {.state = "SUCCESS", .amount_minor = 300, .paid_minor = 300, .refunded_minor = 100});
  add("2", Scenario::kWrongAmount, {.state = "FAILED", .state_reason = "PSP_AMOUNT_MISMATCH", .amount_minor = 300},
      {.state = "SUCCESS", .amount_minor = 300, .paid_minor = 150, .refunded_minor = 150});
  add("3", Scenario::kPayLate, {.state = "SUCCEEDED", .amount_minor = 500, .refunded_minor = 500, .late = true},
      {.state = "SUCCESS", .amount_minor = 500, .paid_minor = 500, .refunded_minor = 500});
  day.refunds["ref_1"] = {"ref_1", "pay_1", "SUCCEEDED", "PRODUCT", 100, 2};
  day.refunds["ref_2"] = {"ref_2", "pay_2", "SUCCEEDED", "AMOUNT_MISMATCH", 150, 2};
  day.refunds["ref_3"] = {"ref_3", "pay_3", "SUCCEEDED", "LATE_PAYMENT", 500, 2};
  day.payments_by_events = day.payments;
  day.refunds_by_events = day.refunds;
  day.ledgers = {{"CNY", 1000, 1000, true, 200}};
  day.cash_known = true;
  return day;
}

struct Case {
  const char* name;
  void (*spoil)(DayRecord&);
  const char* sentence;  // Part of one.
};

TEST(Invariants, AGoodDayHasNoSentence) { EXPECT_EQ(CheckAll({GoodDay()}), Sentences{}); }

TEST(Invariants, EachSpoiledDayIsFound) {
  const Case cases[] = {
      {"debits", [](DayRecord& d) { d.ledgers[0].debits_minor = 999; }, "debits 999 differ from credits 1000"},
      {"balances", [](DayRecord& d) { d.ledgers[0].balances_match_entries = false; }, "balances differ"},
      {"no ledger", [](DayRecord& d) { d.ledgers.clear(); }, "no sums were answered"},
      {"trade without payment",
       [](DayRecord& d) { d.trades["att_9"] = {.out_trade_no = "att_9", .state = "SUCCESS", .paid_minor = 5}; },
       "the PSP took 5 fen in trade att_9, which belongs to no payment"},
      {"trade of two payments", [](DayRecord& d) { d.payments["pay_3"].attempts = d.payments["pay_1"].attempts; },
       "trade att_1 belongs to pay_1 and pay_3"},
      {"two paid payments",
       [](DayRecord& d) {
         PaymentView p = d.payments["pay_1"];
         p.payment_id = "pay_4";
         p.attempts = {};
         d.payments["pay_4"] = p;
       },
       "order d1-acme-00001 has paid 2 times"},
      {"payment gone", [](DayRecord& d) { d.payments.erase("pay_1"); },
       "pay_1 of order d1-acme-00001 was acknowledged"},
      {"money without success", [](DayRecord& d) { d.payments["pay_1"].state = "EXPIRED"; },
       "was paid at the PSP, but no payment"},
      {"no payment", [](DayRecord& d) { d.orders[0].payment_ids.clear(); }, "order d1-acme-00001 has none"},
      {"PSP took more", [](DayRecord& d) { d.trades["att_1"].paid_minor = 301; }, "the PSP took 301 fen"},
      {"PSP gave back less", [](DayRecord& d) { d.trades["att_3"].refunded_minor = 0; }, "the PSP gave back 0 fen"},
      {"cash", [](DayRecord& d) { d.cash_gap_after = 7; }, "holds 7 fen more than platform cash"},
      {"not final", [](DayRecord& d) { d.payments["pay_1"].state = "UNKNOWN"; }, "unfinished: pay_1"},
      {"refund open", [](DayRecord& d) { d.refunds["ref_1"].state = "PROCESSING"; }, "unfinished: refunds of pay_1"},
      {"refunded too much",
       [](DayRecord& d) { d.refunds["ref_4"] = {"ref_4", "pay_1", "SUCCEEDED", "PRODUCT", 250, 2}; },
       "350 fen went back of pay_1"},
      {"mismatch kept", [](DayRecord& d) { d.refunds.erase("ref_2"); }, "0 of 150 wrongly taken fen went back"},
      {"wrong end", [](DayRecord& d) { d.payments["pay_3"].late = false; }, "(pay late) ended as pay_3"},
      {"no event", [](DayRecord& d) { d.payments_by_events.erase("pay_1"); }, "none told of pay_1"},
      {"other state", [](DayRecord& d) { d.payments_by_events["pay_1"].version = 1; }, "GetPayment answers"},
      {"no refund event", [](DayRecord& d) { d.refunds_by_events.erase("ref_1"); }, "none told of ref_1"},
      {"event of nothing", [](DayRecord& d) { d.payments_by_events["pay_8"] = {}; }, "they tell of pay_8"},
      {"foreign order", [](DayRecord& d) { d.payments["pay_1"].order_ref = "d1-globex-00001"; },
       "it sees order d1-globex"},
      {"complaint", [](DayRecord& d) { d.complaints = {"something"}; }, "acme: something"},
  };
  for (const Case& c : cases) {
    DayRecord day = GoodDay();
    c.spoil(day);
    const Sentences broken = CheckAll({day});
    bool found = false;
    std::string all;
    for (const std::string& sentence : broken) {
      found |= sentence.find(c.sentence) != std::string::npos;
      all += sentence + "\n";
      EXPECT_TRUE(sentence.starts_with("acme: ")) << sentence;
    }
    EXPECT_TRUE(found) << c.name << ", got:\n" << all;
  }
}

TEST(Invariants, AnOldGapOfCashIsNotThisDays) {
  DayRecord day = GoodDay();
  day.cash_gap_before = day.cash_gap_after = 7;
  EXPECT_TRUE(CheckAll({day}).empty());
}

TEST(Invariants, TwoProductsMustNotSeeTheSame) {
  DayRecord other = GoodDay();
  other.product = "globex";
  const Sentences broken = CheckIsolation({GoodDay(), other});
  ASSERT_FALSE(broken.empty());
  EXPECT_EQ(broken[0], "globex: isolation: pay_1 is seen by acme, too");
}

TEST(Invariants, SentencesHaveAnEnd) {
  DayRecord day = GoodDay();
  day.complaints.assign(500, "x");
  EXPECT_EQ(CheckAll({day}).size(), 16u);
  EXPECT_EQ(CheckAll({day}).back(), "acme: and 485 more");
}

TEST(OnTheirWay, NamesTheOrdersOfWhatIsNotSettled) {
  struct Case {
    void (*spoil)(DayRecord&);
    const char* order;
  };
  const auto open = [](const DayRecord& d) { return OnTheirWay(d.orders, d.payments, d.refunds); };
  EXPECT_EQ(open(GoodDay()), std::set<std::string>{});
  for (const Case& c : {
           Case{[](DayRecord& d) { d.payments["pay_1"].state = "PROCESSING"; }, "d1-acme-00001"},
           Case{[](DayRecord& d) { d.payments.erase("pay_1"); }, "d1-acme-00001"},
           Case{[](DayRecord& d) { d.refunds["ref_1"].state = "UNKNOWN"; }, "d1-acme-00001"},
           Case{[](DayRecord& d) { d.refunds.erase("ref_2"); }, "d1-acme-00002"},
           Case{[](DayRecord& d) { d.refunds.erase("ref_3"); }, "d1-acme-00003"},
           Case{[](DayRecord& d) { d.payments["pay_3"].state = "EXPIRED"; }, "d1-acme-00003"},
       }) {
    DayRecord day = GoodDay();
    c.spoil(day);
    EXPECT_EQ(open(day), std::set<std::string>{c.order});
  }
}

// Its success came while the day was being read: five sentences told of it, and none that it was too early to judge.
TEST(Invariants, WhatHasNotSettledIsSaidOnceAndNotJudged) {
  DayRecord day = GoodDay();
  PaymentView& open = day.payments["pay_1"];
  open = {.payment_id = "pay_1", .order_ref = open.order_ref, .state = "REQUIRES_ACTION", .amount_minor = 300};
  open.attempts = {{"att_1", "", 0}};
  day.refunds.erase("ref_1");
  day.cash_gap_after = 200;
  EXPECT_GT(CheckAll({day}).size(), 4u);
  day.unsettled = {"d1-acme-00001"};
  EXPECT_EQ(CheckAll({day}), Sentences{"acme: not settled: order d1-acme-00001 was still on its way, pay_1 "
                                       "(REQUIRES_ACTION, 300 fen); it is not judged"});
  day.trades["att_3"].refunded_minor = 0;
  EXPECT_EQ(CheckAll({day}).size(), 2u) << "the others are";
}

}  // namespace
}  // namespace trivium::schoolday
