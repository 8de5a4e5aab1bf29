// Who came in and who has paid: what live's events tell beside what payment's tell.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "examples/school-day/class_invariants.h"

namespace trivium::schoolday {
namespace {

using Sentences = std::vector<std::string>;
using RoomUser = std::pair<std::string, std::string>;

// Two services' clocks, as NTP keeps them.
constexpr int64_t kClocksDifferMs = 100;
constexpr int64_t kNotYet = std::numeric_limits<int64_t>::max();

struct ClassTimes {
  int64_t start_ms = kNotYet, end_ms = kNotYet;
};

std::map<std::string, ClassTimes> TimesOfClasses(const ClassDayRecord& day) {
  std::map<std::string, ClassTimes> times;
  for (const LiveEventView& e : day.events) {
    if (e.type == "ROOM_STARTED") times[e.room.room_id].start_ms = e.time_ms;
    if (e.type == "ROOM_ENDED") times[e.room.room_id].end_ms = e.time_ms;
  }
  return times;
}

// When each got its first place, or went into the queue.
std::map<RoomUser, int64_t> Arrivals(const ClassDayRecord& day) {
  std::map<RoomUser, int64_t> arrivals;
  for (const LiveEventView& e : day.events) {
    if (!e.of_room) arrivals.try_emplace({e.stay.room_id, e.stay.user_id}, e.time_ms);
  }
  return arrivals;
}

// A class of which no event tells the end goes on for ever: everybody who pays must get in.
PaidVisit WhenPaid(const MoneyTimes& money, const ClassTimes& times) {
  const int64_t last_call_ms = times.end_ms == kNotYet ? kNotYet : times.end_ms - kLastCallMs;
  if (money.paid_ms == 0) return {};
  if (money.back_ms != 0 && money.back_ms <= std::max(money.paid_ms, last_call_ms)) return {};
  if (money.paid_ms > last_call_ms) return {PaidWhen::kAtItsEnd, money.paid_ms - times.end_ms};
  return {money.paid_ms < times.start_ms ? PaidWhen::kBeforeClass : PaidWhen::kInClass, 0};
}

std::string NameOf(const ClassDayRecord& day, const VisitRecord& v) {
  return absl::StrCat("paid: ", v.plan.user_id, " in ", day.rooms[v.plan.room].plan.class_id);
}

// What payment answers, what its events tell, and what the backend did.
void CheckOrder(const std::string& who, const VisitRecord& v, const PaidOrder& order, Sentences& broken) {
  if (v.granted && !order.paid) {
    broken.push_back(absl::StrCat(who, " was let in, and payment has no money of ", v.plan.order_ref));
  }
  if (v.granted && v.plan.refunded) {
    broken.push_back(absl::StrCat(who, " was let in, and had its money back before"));
  }
  if (order.paid && order.times.paid_ms == 0) {
    broken.push_back(absl::StrCat(who, " has paid ", v.plan.order_ref, ", and no event tells when"));
  }
}

void CheckArrival(const std::string& who, int64_t arrival_ms, const MoneyTimes& money, Sentences& broken) {
  if (money.paid_ms == 0) {
    broken.push_back(absl::StrCat(who, " got in, and never paid"));
  } else if (arrival_ms + kClocksDifferMs < money.paid_ms) {
    broken.push_back(absl::StrCat(who, " got in ", money.paid_ms - arrival_ms, " ms before it paid"));
  } else if (money.back_ms != 0 && arrival_ms > money.back_ms + kClocksDifferMs) {
    broken.push_back(absl::StrCat(who, " got in ", arrival_ms - money.back_ms, " ms after it had all its money back"));
  }
}

}  // namespace

std::map<std::string, PaidOrder> PaidOrders(const DayRecord& payments) {
  std::map<std::string, PaidOrder> orders;
  for (const OrderRecord& o : payments.orders) {
    PaidOrder& order = orders[o.plan.order_ref];
    order.settled = !payments.unsettled.contains(o.plan.order_ref);
    const auto times = payments.money_times.find(o.plan.order_ref);
    if (times != payments.money_times.end()) order.times = times->second;
  }
  for (const auto& [id, payment] : payments.payments) {
    if (payment.state == "SUCCEEDED") orders[payment.order_ref].paid = true;
  }
  return orders;
}

std::vector<PaidVisit> PaidVisits(const ClassDayRecord& day) {
  const std::map<std::string, ClassTimes> times = TimesOfClasses(day);
  std::vector<PaidVisit> visits;
  for (const VisitRecord& v : day.visits) {
    const RoomRecord& room = day.rooms[v.plan.room];
    const auto order = day.orders.find(v.plan.order_ref);
    const bool judged = v.plan.NeedsToPay() && !room.plan.canceled && order != day.orders.end();
    const auto of_class = times.find(room.room_id);
    visits.push_back(!judged || !order->second.settled
                         ? PaidVisit()
                         : WhenPaid(order->second.times, of_class == times.end() ? ClassTimes() : of_class->second));
  }
  return visits;
}

Sentences CheckPaid(const ClassDayRecord& day) {
  Sentences broken;
  const std::vector<PaidVisit> paid = PaidVisits(day);
  const std::map<RoomUser, int64_t> arrivals = Arrivals(day);
  for (size_t i = 0; i < day.visits.size(); ++i) {
    const VisitRecord& v = day.visits[i];
    if (!v.plan.NeedsToPay()) continue;
    const std::string who = NameOf(day, v);
    const auto order = day.orders.find(v.plan.order_ref);
    if (order == day.orders.end()) {
      broken.push_back(absl::StrCat(who, ": payment knows nothing of ", v.plan.order_ref));
      continue;
    }
    if (!order->second.settled) continue;
    CheckOrder(who, v, order->second, broken);
    const auto arrival = arrivals.find({day.rooms[v.plan.room].room_id, v.plan.user_id});
    if (arrival != arrivals.end()) {
      CheckArrival(who, arrival->second, order->second.times, broken);
    } else if (paid[i].when == PaidWhen::kBeforeClass || paid[i].when == PaidWhen::kInClass) {
      broken.push_back(absl::StrCat(who,
                                    paid[i].when == PaidWhen::kInClass ? " paid in class" : " had paid before class",
                                    ", and neither got in nor waited: ", EndName(v.end)));
    }
  }
  return broken;
}

}  // namespace trivium::schoolday
