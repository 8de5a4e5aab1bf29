#include "examples/school-day/class_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {
namespace {

// Six large classes, of which one is canceled and one is an open lesson with half of the students, and two small ones.
School SchoolOf(int students) {
  School school;
  school.product = "acme";
  school.institutions = {{"I:1", "一", "北京"}};
  school.courses = {{"K1", "I:1", "数学", "初一", 100}};
  for (int i = 0; i < 8; ++i) {
    Class c{absl::StrCat("C:", i), "K1", "王老师", i >= 6 ? 6 : 1000, i == 2, i == 1};
    c.weekday = 7 - i % 7;
    c.start = "09:00";
    school.classes.push_back(c);
  }
  for (int i = 0; i < students; ++i) {
    school.students.push_back({absl::StrCat("S:", i), "李", 1, {absl::StrCat("C:", i % 2 == 0 ? 1 : i / 2 % 8)}});
    if (i % 2 == 1 && i / 2 % 8 == 1) school.students.back().class_ids = {"C:3"};
  }
  return school;
}

ClassPlan PlanOf(int students, uint64_t seed = 1) {
  const School school = SchoolOf(students);
  return MakeClassPlan(school, MakePlan(school, "d1", seed), seed);
}

TEST(MakeClassPlan, EachOrderIsAVisitAndEachRoomHasATeacher) {
  const ClassPlan plan = PlanOf(400);
  ASSERT_EQ(plan.rooms.size(), 8u);
  std::map<int, std::map<ClassRole, int>> roles;
  std::set<std::string> orders;
  int pay_before = 0;
  for (const PlannedVisit& v : plan.visits) {
    ++roles[v.room][v.role];
    if (v.NeedsToPay()) orders.insert(v.order_ref);
    EXPECT_FALSE(v.pays_before_class && (v.refunded || !v.NeedsToPay()));
    pay_before += v.pays_before_class ? 1 : 0;
    EXPECT_EQ(v.user_id.find(':'), std::string::npos) << v.user_id;
  }
  EXPECT_EQ(orders.size(), 400u);
  EXPECT_GT(pay_before, 200);
  EXPECT_LT(pay_before, 400);
  for (const auto& [room, count] : roles) {
    EXPECT_EQ(count.at(ClassRole::kTeacher), 1);
    EXPECT_EQ(count.count(ClassRole::kAssistant), plan.rooms[room].small ? 0u : 1u);
  }
}

TEST(MakeClassPlan, FollowsTheTimetable) {
  const ClassPlan plan = PlanOf(50);
  EXPECT_EQ(plan.rooms.front().class_id, "C:6");  // Monday.
  int moved = 0, canceled = 0;
  for (size_t i = 0; i < plan.rooms.size(); ++i) {
    const PlannedRoom& room = plan.rooms[i];
    if (i > 0) {
      EXPECT_GE(room.wave, plan.rooms[i - 1].wave);
    }
    EXPECT_EQ(room.held, room.moved ? kWaves - 1 : room.wave);
    EXPECT_EQ(room.room_ref, absl::StrCat("d1-C.", room.class_id.substr(2)));
    moved += room.moved ? 1 : 0;
    canceled += room.canceled ? 1 : 0;
  }
  EXPECT_EQ(moved, 1);
  EXPECT_EQ(canceled, 1);
}

TEST(MakeClassPlan, AnOpenLessonHasFewerPlacesThanPeopleWhateverItsSize) {
  for (const int students : {20, 60, 800}) {
    const ClassPlan plan = PlanOf(students);
    const auto room =
        std::find_if(plan.rooms.begin(), plan.rooms.end(), [](const PlannedRoom& r) { return r.open_lesson; });
    ASSERT_NE(room, plan.rooms.end());
    const int index = static_cast<int>(room - plan.rooms.begin());
    const auto enrolled = std::count_if(plan.visits.begin(), plan.visits.end(),
                                        [&](const PlannedVisit& v) { return v.room == index && v.NeedsToPay(); });
    EXPECT_GT(room->rtc, 2);
    EXPECT_LT(room->rtc - 2 + room->fast + room->standard, enrolled) << students;
    EXPECT_EQ(std::count_if(plan.rooms.begin(), plan.rooms.end(), [](const PlannedRoom& r) { return r.rtc > 0; }), 1);
  }
}

TEST(MakeClassPlan, AThirdBreaksOffAndEveryBadGrantComesUp) {
  const ClassPlan plan = PlanOf(600);
  std::map<Manner, int> manners;
  std::set<BadGrant> bad;
  std::set<Treatment> treatments;
  std::set<Way> ways;
  int students = 0;
  for (const PlannedVisit& v : plan.visits) {
    ways.insert(v.way);
    if (!v.NeedsToPay()) continue;
    ++students;
    ++manners[v.manner];
    bad.insert(v.bad);
    treatments.insert(v.treatment);
    if (v.treatment != Treatment::kNone) {
      EXPECT_EQ(v.manner, Manner::kStays);
    }
  }
  EXPECT_NEAR(manners[Manner::kBreaks] + manners[Manner::kStartsAnew], students / 3, students / 20);
  EXPECT_EQ(manners.size(), static_cast<size_t>(kMannerCount));
  EXPECT_EQ(bad.size(), static_cast<size_t>(kBadGrantCount));
  EXPECT_EQ(treatments.size(), 5u);
  EXPECT_EQ(ways.size(), 3u);
}

TEST(MakeClassPlan, TheSameSeedGivesTheSameDay) {
  const auto text = [](uint64_t seed) {
    std::string all;
    for (const PlannedVisit& v : PlanOf(100, seed).visits) {
      absl::StrAppend(&all, v.user_id, " ", v.room, " ", static_cast<int>(v.manner), " ", static_cast<int>(v.way),
                      "\n");
    }
    return all;
  };
  EXPECT_EQ(text(3), text(3));
  EXPECT_NE(text(3), text(4));
}

}  // namespace
}  // namespace trivium::schoolday
