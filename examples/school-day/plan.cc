#include "examples/school-day/plan.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace trivium::schoolday {
namespace {

// Of every 40 orders.
struct Share {
  Scenario scenario;
  int orders;
};
constexpr Share kShares[] = {
    {Scenario::kPay, 18},          {Scenario::kSameRequestTwice, 3}, {Scenario::kSameRequestAtOnce, 3},
    {Scenario::kReusedRequest, 2}, {Scenario::kSecondOrder, 2},      {Scenario::kDecline, 3},
    {Scenario::kWrongAmount, 2},   {Scenario::kPayLate, 2},          {Scenario::kNeverPay, 3},
    {Scenario::kCancel, 2},
};

constexpr Misbehaviour kMisbehaviours[] = {
    {},
    {},
    {},
    {.callback_copies = 3},
    {.callback_delay_ms = 1500},
    {.callback_copies = 2, .callback_reorder = true},
    {.callback_drop = true},
    {.settle_delay_ms = 1000},
    {.callback_drop = true, .query_failures = 2},
    {.callback_drop = true, .query_hang_ms = 3000},
};

using Random = std::mt19937_64;

// std::shuffle's results differ between standard libraries; a day must not.
template <typename T>
void Shuffle(std::vector<T>& values, Random& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

std::vector<Scenario> BlockOfScenarios(Random& random) {
  std::vector<Scenario> block;
  for (const Share& share : kShares) block.insert(block.end(), share.orders, share.scenario);
  Shuffle(block, random);
  return block;
}

bool EndsPaid(Scenario scenario) { return scenario <= Scenario::kDecline; }

RefundPlan PlanRefund(const Order& order, bool class_canceled, Random& random) {
  const uint64_t draw = random() % 24;
  if (!EndsPaid(order.scenario) || order.amount_minor < 3) return RefundPlan::kNone;
  if (class_canceled) return draw % 3 == 0 ? RefundPlan::kInTwoParts : RefundPlan::kFull;
  if (draw == 1 && order.scenario < Scenario::kDecline) return RefundPlan::kBeforeClass;
  return draw == 0 ? RefundPlan::kPartOnly : RefundPlan::kNone;
}

uint64_t SeedOf(const std::string& product, uint64_t seed) {
  for (const char c : product) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return seed;
}

}  // namespace

const char* ScenarioName(Scenario scenario) {
  constexpr const char* kNames[] = {"pay",
                                    "same request twice",
                                    "same request at once",
                                    "reused request",
                                    "second order",
                                    "decline",
                                    "wrong amount",
                                    "pay late",
                                    "never pay",
                                    "cancel"};
  static_assert(std::size(kNames) == kScenarioCount);
  return kNames[static_cast<int>(scenario)];
}

DayPlan MakePlan(const School& school, const std::string& run_id, uint64_t seed) {
  Random random(SeedOf(school.product, seed));
  DayPlan plan{run_id, school.product, {}};
  std::vector<Scenario> scenarios;
  for (const Student& student : school.students) {
    for (const std::string& class_id : student.class_ids) {
      const Class& taken = *school.FindClass(class_id);
      const Course& course = *school.FindCourse(taken.course_id);
      if (scenarios.empty()) scenarios = BlockOfScenarios(random);
      Order order;
      order.order_ref = absl::StrFormat("%s-%s-%05d", run_id, school.product, plan.orders.size() + 1);
      order.student_id = student.student_id;
      order.class_id = class_id;
      order.institution_id = course.institution_id;
      order.subject = absl::StrCat(course.name, " ", course.level);
      order.amount_minor = course.price_minor;
      order.scenario = scenarios.back();
      order.misbehaviour = kMisbehaviours[random() % std::size(kMisbehaviours)];
      order.refund = PlanRefund(order, taken.canceled, random);
      scenarios.pop_back();
      plan.orders.push_back(std::move(order));
    }
  }
  // Students do not come in the order of a file.
  Shuffle(plan.orders, random);
  return plan;
}

RefundTime TimeOf(RefundPlan refund) {
  switch (refund) {
    case RefundPlan::kNone:
      return RefundTime::kNever;
    case RefundPlan::kFull:
    case RefundPlan::kInTwoParts:
      return RefundTime::kBesideClasses;
    case RefundPlan::kPartOnly:
      return RefundTime::kAfterClasses;
    case RefundPlan::kBeforeClass:
      break;
  }
  return RefundTime::kBeforeClasses;
}

int TimeoutSeconds(Scenario scenario) {
  return scenario == Scenario::kPayLate || scenario == Scenario::kNeverPay ? 3 : 0;
}

std::string RequestId(const Order& order, const std::string& kind, int n) {
  return absl::StrCat(order.order_ref, ":", kind, ":", n);
}

}  // namespace trivium::schoolday
