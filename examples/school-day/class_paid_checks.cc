// Who came in and who has paid: what live answered beside what payment answers.
#include "absl/strings/str_cat.h"
#include "examples/school-day/class_invariants.h"

namespace trivium::schoolday {
namespace {

using Sentences = std::vector<std::string>;

void CheckPaidOne(const ClassDayRecord& day, const VisitRecord& v, const PaidOrder& order, Sentences& broken) {
  const RoomRecord& room = day.rooms[v.plan.room];
  const std::string who = absl::StrCat("paid: ", v.plan.user_id, " in ", room.plan.class_id);
  if (v.granted && !order.paid) {
    broken.push_back(absl::StrCat(who, " was let in, and payment has no money of ", v.plan.order_ref));
  }
  if (v.granted && v.plan.refunded) {
    broken.push_back(absl::StrCat(who, " was let in, and had its money back before"));
  }
  const bool in_time = order.before_class && order.paid && !v.plan.refunded;
  if (in_time && !room.plan.canceled && !v.granted) {
    broken.push_back(absl::StrCat(who, " had paid before class, and was not let in: ", EndName(v.end)));
  }
}

}  // namespace

std::map<std::string, PaidOrder> PaidOrders(const DayRecord& payments) {
  std::map<std::string, PaidOrder> orders;
  for (const OrderRecord& o : payments.orders) {
    PaidOrder& order = orders[o.plan.order_ref];
    order.settled = !payments.unsettled.contains(o.plan.order_ref);
    order.before_class = o.plan.scenario < Scenario::kDecline;
  }
  for (const auto& [id, payment] : payments.payments) {
    if (payment.state == "SUCCEEDED") orders[payment.order_ref].paid = true;
  }
  return orders;
}

Sentences CheckPaid(const ClassDayRecord& day) {
  Sentences broken;
  for (const VisitRecord& v : day.visits) {
    if (!v.plan.NeedsToPay()) continue;
    const auto order = day.orders.find(v.plan.order_ref);
    if (order == day.orders.end()) {
      broken.push_back(absl::StrCat("paid: payment knows nothing of ", v.plan.user_id, "'s ", v.plan.order_ref));
    } else if (order->second.settled) {
      CheckPaidOne(day, v, order->second, broken);
    }
  }
  return broken;
}

}  // namespace trivium::schoolday
