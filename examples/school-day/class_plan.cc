#include "examples/school-day/class_plan.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "examples/school-day/message_plan.h"

namespace trivium::schoolday {
namespace {

using Random = std::mt19937_64;

// Of every 12 students.
constexpr Manner kManners[] = {Manner::kBreaks,     Manner::kStays,  Manner::kStartsAnew, Manner::kLeavesEarly,
                               Manner::kStays,      Manner::kBreaks, Manner::kVanishes,   Manner::kStays,
                               Manner::kStartsAnew, Manner::kStays,  Manner::kStays,      Manner::kLeavesEarly};
// Where others wait for their places.
constexpr Manner kMannersOfOpenLesson[] = {Manner::kBreaks,      Manner::kLeavesEarly, Manner::kStartsAnew,
                                           Manner::kLeavesEarly, Manner::kStays,       Manner::kBreaks,
                                           Manner::kVanishes,    Manner::kLeavesEarly, Manner::kStartsAnew,
                                           Manner::kLeavesEarly, Manner::kStays,       Manner::kLeavesEarly};
// In turn, of those who stay in a large room; the first of a small one is muted.
constexpr Treatment kTreatments[] = {Treatment::kStage, Treatment::kMute, Treatment::kRemove, Treatment::kStageToo};

constexpr int kHttpShare = 10, kObserverShare = 8, kAutoStartShare = 3;
// Places of an open lesson: of those who surely come. The rest waits.
constexpr int64_t kRtcPercent = 15, kFastPercent = 30, kStandardPercent = 30, kStaff = 2;
// A room may not ask for more than its product's profile allows; these are a profile's defaults.
constexpr int64_t kRtcMax = 50, kFastMax = 500, kStandardMax = 10'000, kQueueMax = 800;

uint64_t SeedOf(const std::string& product, uint64_t seed) {
  for (const char c : product) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return seed ^ 0x636c617373u;
}

bool PaysAtOnce(const Order& order) {
  return order.scenario < Scenario::kDecline && order.refund != RefundPlan::kBeforeClass;
}

bool MayCome(const Order& order) {
  return PaysAtOnce(order) || order.scenario == Scenario::kDecline || order.scenario == Scenario::kPayLate;
}

class Planner {
 public:
  Planner(const School& school, const DayPlan& orders, uint64_t seed)
      : school_(school), orders_(orders), random_(SeedOf(school.product, seed)) {
    plan_.run_id = orders.run_id;
    plan_.product = school.product;
  }

  ClassPlan Make() {
    PlanRooms();
    MoveOne();
    for (const Order& order : orders_.orders) by_room_[room_of_.at(order.class_id)].push_back(&order);
    for (size_t i = 0; i < plan_.rooms.size(); ++i) {
      SetPlaces(static_cast<int>(i));
      PlanStaff(static_cast<int>(i));
      PlanStudents(static_cast<int>(i));
    }
    return std::move(plan_);
  }

 private:
  void PlanRooms() {
    std::vector<const Class*> classes;
    for (const Class& c : school_.classes) classes.push_back(&c);
    std::stable_sort(classes.begin(), classes.end(), [](const Class* a, const Class* b) {
      return std::tie(a->weekday, a->start) < std::tie(b->weekday, b->start);
    });
    for (size_t i = 0; i < classes.size(); ++i) {
      const Class& c = *classes[i];
      const Course& course = *school_.FindCourse(c.course_id);
      PlannedRoom room{c.class_id, absl::StrCat(plan_.run_id, "-", PushName(c.class_id)),
                       absl::StrCat(course.name, " ", course.level), PushName(course.institution_id)};
      room.small = c.seats <= kSmallClassMax;
      room.auto_start = i % kAutoStartShare == 1;
      room.canceled = c.canceled;
      room.open_lesson = c.open_lesson;
      room.wave = room.held = static_cast<int>(i * kWaves / classes.size());
      room_of_[c.class_id] = static_cast<int>(i);
      plan_.rooms.push_back(std::move(room));
    }
  }

  void MoveOne() {
    for (PlannedRoom& room : plan_.rooms) {
      if (room.wave != 0 || room.canceled || room.open_lesson) continue;
      room.moved = true;
      room.auto_start = false;
      room.held = kWaves - 1;
      return;
    }
  }

  void SetPlaces(int room_index) {
    PlannedRoom& room = plan_.rooms[room_index];
    if (!room.open_lesson) return;
    const std::vector<const Order*>& orders = by_room_[room_index];
    const int64_t come = std::count_if(orders.begin(), orders.end(), [](const Order* o) { return PaysAtOnce(*o); });
    room.rtc = std::min(kStaff + 1 + come * kRtcPercent / 100, kRtcMax);
    room.fast = std::min(1 + come * kFastPercent / 100, kFastMax);
    // Who pays late comes, too, and must find a place in the queue.
    const int64_t all = std::count_if(orders.begin(), orders.end(), [](const Order* o) { return MayCome(*o); });
    const int64_t beyond_queue = all - room.rtc - room.fast - kQueueMax;
    room.standard = std::min(std::max(1 + come * kStandardPercent / 100, beyond_queue), kStandardMax);
  }

  void PlanStaff(int room_index) {
    const PlannedRoom& room = plan_.rooms[room_index];
    const std::string name = PushName(room.class_id);
    PlannedVisit teacher{room_index, "T-" + name, ClassRole::kTeacher};
    plan_.visits.push_back(teacher);
    if (!room.small) plan_.visits.push_back({room_index, "A-" + name, ClassRole::kAssistant});
    if (room_index % kObserverShare != 0) return;
    // A supervisor, whom the backend brings in.
    plan_.visits.push_back({room_index, "O-" + name, ClassRole::kObserver, Way::kBackend});
  }

  void PlanStudents(int room_index) {
    const PlannedRoom& room = plan_.rooms[room_index];
    size_t draw = random_() % std::size(kManners), treated = 0;
    for (const Order* order : by_room_[room_index]) {
      PlannedVisit visit{room_index, PushName(order->student_id)};
      visit.order_ref = order->order_ref;
      visit.pays_before_class = PaysAtOnce(*order);
      visit.refunded = order->refund == RefundPlan::kBeforeClass;
      const size_t turn = draw++ % std::size(kManners);
      visit.manner = room.open_lesson ? kMannersOfOpenLesson[turn] : kManners[turn];
      visit.bad = static_cast<BadGrant>(bad_++ % kBadGrantCount);
      if (random_() % kHttpShare == 0) visit.way = Way::kHttp;
      const size_t most = room.small ? 1 : std::size(kTreatments);
      if (visit.manner == Manner::kStays && PaysAtOnce(*order) && treated < most) {
        visit.treatment = room.small ? Treatment::kMute : kTreatments[treated];
        ++treated;
      }
      plan_.visits.push_back(std::move(visit));
    }
  }

  const School& school_;
  const DayPlan& orders_;
  Random random_;
  ClassPlan plan_;
  std::map<std::string, int> room_of_;                // By class.
  std::map<int, std::vector<const Order*>> by_room_;  // In the order in which they are placed.
  size_t bad_ = 0;
};

}  // namespace

const char* RoleName(ClassRole role) {
  constexpr const char* kNames[] = {"", "TEACHER", "ASSISTANT", "STUDENT", "OBSERVER"};
  return kNames[static_cast<int>(role)];
}

const char* RefusalOf(BadGrant grant) {
  constexpr const char* kReasons[] = {"GRANT_MISSING",    "GRANT_OTHER_ROOM", "GRANT_EXPIRED", "GRANT_INVALID",
                                      "GRANT_OTHER_USER", "GRANT_INVALID",    "FIELD_INVALID"};
  static_assert(std::size(kReasons) == kBadGrantCount);
  return kReasons[static_cast<int>(grant)];
}

ClassPlan MakeClassPlan(const School& school, const DayPlan& orders, uint64_t seed) {
  return Planner(school, orders, seed).Make();
}

}  // namespace trivium::schoolday
