#include "examples/school-day/message_plan.h"

#include <gtest/gtest.h>

#include <set>

namespace trivium::schoolday {
namespace {

School SchoolOf(int students) {
  School school;
  school.product = "acme";
  school.institutions = {{"I1", "机构", "北京"}};
  school.courses = {{"K:1", "I1", "数学", "初一", 19900}, {"K2", "I1", "语文", "初一", 19900}};
  school.classes = {{"C1", "K:1", "王老师", 1000, false}, {"C2", "K2", "李老师", 1000, true}};
  for (int i = 0; i < students; ++i) {
    school.students.push_back({"S" + std::to_string(i), "王", i % 3 + 1, {i % 2 == 0 ? "C1" : "C2"}});
  }
  return school;
}

TEST(MakeMessagePlan, TheSameSeedPlansTheSameDay) {
  const School school = SchoolOf(60);
  const auto text = [&](uint64_t seed) {
    std::string all;
    const MessagePlan plan = MakeMessagePlan(school, "d1", seed);
    for (const Attendant& a : plan.attendants)
      all += a.student_id + AttendanceName(a.attendance) + (a.json ? "j" : "p");
    for (const PlannedMessage& m : plan.messages) all += m.target_value + SpecialName(m.special) + KindName(m.kind);
    return all;
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

TEST(MakeMessagePlan, AThirdBreaksAndEveryWayToAttendComesUp) {
  std::map<Attendance, int> count;
  int json = 0;
  const MessagePlan plan = MakeMessagePlan(SchoolOf(120), "d1", 3);
  for (const Attendant& a : plan.attendants) {
    ++count[a.attendance];
    json += a.json ? 1 : 0;
    ASSERT_EQ(a.rooms.size(), 1u);
    EXPECT_EQ(a.tags.at("day"), "d1");
  }
  EXPECT_EQ(count[Attendance::kBreaks], 40);
  EXPECT_EQ(count.size(), static_cast<size_t>(kAttendanceCount));
  EXPECT_GT(json, 30);
  EXPECT_LT(json, 90);
}

TEST(MakeMessagePlan, MessagesHaveTheirRecipients) {
  const MessagePlan plan = MakeMessagePlan(SchoolOf(60), "d1", 1);
  EXPECT_EQ(plan.rooms.at("K.1.d1").size(), 30u);
  std::set<Special> specials;
  std::set<std::pair<MessageClass, TargetKind>> ways;
  for (size_t i = 0; i < plan.messages.size(); ++i) {
    const PlannedMessage& m = plan.messages[i];
    EXPECT_EQ(m.number, static_cast<int>(i) + 1);
    EXPECT_EQ(m.recipients.empty(), m.message_class != MessageClass::kReliable) << m.number;
    EXPECT_TRUE(std::is_sorted(m.recipients.begin(), m.recipients.end()));
    if (m.target == TargetKind::kUser) {
      EXPECT_EQ(m.recipients, std::vector<std::string>{m.target_value});
    }
    if (m.kind == MessageKind::kRollCall) {
      EXPECT_EQ(m.recipients, plan.rooms.at(m.target_value));
    }
    if (m.kind == MessageKind::kNotice && !m.recipients.empty()) {
      EXPECT_EQ(m.recipients.size(), 60u);
    }
    EXPECT_LE(MessageRequestId(plan, m, "publish").size(), 64u);
    specials.insert(m.special);
    ways.insert({m.message_class, m.target});
  }
  EXPECT_EQ(specials.size(), 9u);
  // LOSSY and ORDERED to rooms and to the product; RELIABLE to rooms, users, an audience and the product.
  EXPECT_EQ(ways.size(), 8u);
}

TEST(MakeMessagePlan, AnAudienceIsWhomItsTagsName) {
  const MessagePlan plan = MakeMessagePlan(SchoolOf(60), "d1", 1);
  int audiences = 0;
  for (const PlannedMessage& m : plan.messages) {
    if (m.target != TargetKind::kAudience) continue;
    ++audiences;
    std::vector<std::string> want;
    for (const Attendant& a : plan.attendants) {
      const std::string expression = "day=d1 AND (grade=" + a.tags.at("grade") + " AND NOT trial)";
      if (expression == m.target_value && !a.tags.contains("trial")) want.push_back(a.student_id);
    }
    std::sort(want.begin(), want.end());
    EXPECT_EQ(m.recipients, want);
  }
  EXPECT_EQ(audiences, kBursts);
}

// A dedupe key is used again within a message alone; a collapse key by two quizzes of one room.
TEST(MakeMessagePlan, KeysStandWhereTheyMean) {
  std::map<std::string, std::set<std::string>> rooms;
  std::map<std::string, int> uses;
  for (const PlannedMessage& m : MakeMessagePlan(SchoolOf(60), "d1", 1).messages) {
    if (m.special == Special::kDedupeKey) {
      EXPECT_EQ(++uses[m.key], 1);
    }
    if (m.special != Special::kCollapse) continue;
    rooms[m.key].insert(m.target_value);
    ++uses[m.key];
  }
  ASSERT_EQ(rooms.size(), 2u);
  for (const auto& [key, names] : rooms) {
    EXPECT_EQ(names.size(), 1u);
    EXPECT_EQ(uses[key], 2);
  }
}

TEST(PushName, FitsPushAndGateway) { EXPECT_EQ(PushName("KT:1.a-b_C"), "KT.1.a-b_C"); }

}  // namespace
}  // namespace trivium::schoolday
