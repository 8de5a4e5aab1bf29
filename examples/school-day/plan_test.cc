#include "examples/school-day/plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace trivium::schoolday {
namespace {

School SchoolOf(int students) {
  School school;
  school.product = "acme";
  school.institutions = {{"I1", "机构", "北京"}};
  school.courses = {{"K1", "I1", "数学", "初一", 19900}};
  school.classes = {{"C1", "K1", "王老师", 1000, false}, {"C2", "K1", "李老师", 1000, true}};
  for (int i = 0; i < students; ++i)
    school.students.push_back({"S" + std::to_string(i), "王", 1, {i % 2 == 0 ? "C1" : "C2"}});
  return school;
}

TEST(MakePlan, TheSameSeedPlansTheSameDay) {
  const School school = SchoolOf(200);
  const auto text = [&](uint64_t seed) {
    std::string all;
    for (const Order& o : MakePlan(school, "d1", seed).orders) {
      all += o.order_ref + o.student_id + ScenarioName(o.scenario) + std::to_string(static_cast<int>(o.refund));
    }
    return all;
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

TEST(MakePlan, EveryScenarioComesUpInFortyOrders) {
  std::map<Scenario, int> count;
  for (const Order& order : MakePlan(SchoolOf(40), "d1", 9).orders) ++count[order.scenario];
  EXPECT_EQ(count.size(), static_cast<size_t>(kScenarioCount));
}

TEST(MakePlan, OrdersAreUniqueAndFitTheApi) {
  std::set<std::string> refs;
  for (const Order& order : MakePlan(SchoolOf(500), "d1122103000abcd", 1).orders) {
    refs.insert(order.order_ref);
    EXPECT_TRUE(order.order_ref.starts_with("d1122103000abcd-acme-"));
    EXPECT_LE(RequestId(order, "second", 0).size(), 64u);
    EXPECT_EQ(order.subject, "数学 初一");
    EXPECT_EQ(order.institution_id, "I1");
  }
  EXPECT_EQ(refs.size(), 500u);
}

TEST(MakePlan, CanceledClassesAreRefundedWhereMoneyIsKept) {
  int full = 0, parts = 0, before = 0;
  for (const Order& order : MakePlan(SchoolOf(400), "d1", 3).orders) {
    const bool kept = order.scenario <= Scenario::kDecline;
    if (!kept) {
      EXPECT_EQ(order.refund, RefundPlan::kNone);
    } else if (order.class_id == "C2") {
      EXPECT_TRUE(order.refund == RefundPlan::kFull || order.refund == RefundPlan::kInTwoParts);
    } else {
      EXPECT_NE(TimeOf(order.refund), RefundTime::kBesideClasses);
      before += order.refund == RefundPlan::kBeforeClass ? 1 : 0;
    }
    full += order.refund == RefundPlan::kFull ? 1 : 0;
    parts += order.refund == RefundPlan::kInTwoParts ? 1 : 0;
  }
  EXPECT_GT(full, 0);
  EXPECT_GT(parts, 0);
  EXPECT_GT(before, 0);
}

TEST(TimeoutSeconds, OnlyThoseWhoAreLateHaveAShortOne) {
  EXPECT_EQ(TimeoutSeconds(Scenario::kPay), 0);
  EXPECT_GT(TimeoutSeconds(Scenario::kPayLate), 0);
  EXPECT_GT(TimeoutSeconds(Scenario::kNeverPay), 0);
}

}  // namespace
}  // namespace trivium::schoolday
