#include "examples/school-day/message_plan.h"

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {
namespace {

using Random = std::mt19937_64;

// Of every 12 students.
constexpr Attendance kShares[] = {
    Attendance::kStays, Attendance::kBreaks, Attendance::kStays,          Attendance::kBreaks,
    Attendance::kAway,  Attendance::kStays,  Attendance::kBreaks,         Attendance::kNegligent,
    Attendance::kStays, Attendance::kBreaks, Attendance::kAcksByPosition, Attendance::kStays,
};
// What homework is like, in turn. kShortLife and kVendor go to those who are away, as far as there are any.
constexpr Special kHomeworks[] = {Special::kNone,    Special::kSameRequestTwice, Special::kShortLife,
                                  Special::kVendor,  Special::kScheduled,        Special::kDedupeKey,
                                  Special::kCanceled};
constexpr int kNoticeLife = 25;  // A product may have users of other days, who never come: then it ends by its time.

uint64_t SeedOf(const std::string& product, uint64_t seed) {
  for (const char c : product) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return seed ^ 0x6d657373616765u;
}

class Planner {
 public:
  Planner(const School& school, const std::string& run_id, uint64_t seed)
      : school_(school), random_(SeedOf(school.product, seed)) {
    plan_.run_id = run_id;
    plan_.product = school.product;
  }

  MessagePlan Make() {
    Attend();
    for (int burst = 0; burst < kBursts; ++burst) {
      PlanRooms(burst);
      PlanHomework(burst);
      PlanMovedLesson(burst);
      if (burst == 1) PlanNotices();
    }
    return std::move(plan_);
  }

 private:
  void Attend() {
    const size_t first = random_() % std::size(kShares);
    for (size_t i = 0; i < school_.students.size(); ++i) {
      const Student& student = school_.students[i];
      Attendant a;
      a.student_id = PushName(student.student_id);
      std::set<std::string> rooms;
      for (const std::string& class_id : student.class_ids) {
        rooms.insert(RoomOf(school_.FindClass(class_id)->course_id, plan_.run_id));
      }
      a.rooms.assign(rooms.begin(), rooms.end());
      a.tags = {{"day", plan_.run_id}, {"grade", absl::StrCat(student.grade)}};
      if (random_() % 4 == 0) a.tags["trial"] = "";
      a.attendance = kShares[(first + i) % std::size(kShares)];
      a.json = random_() % 2 == 0;
      a.odd = static_cast<int>(random_() % 2);
      for (const std::string& room : rooms) plan_.rooms[room].push_back(a.student_id);
      plan_.attendants.push_back(std::move(a));
    }
    for (auto& [room, members] : plan_.rooms) std::sort(members.begin(), members.end());
  }

  PlannedMessage& Add(int burst, MessageKind kind, MessageClass message_class, TargetKind target, std::string value) {
    PlannedMessage message;
    message.number = static_cast<int>(plan_.messages.size()) + 1;
    message.burst = burst;
    message.kind = kind;
    message.message_class = message_class;
    message.target = target;
    message.target_value = std::move(value);
    plan_.messages.push_back(std::move(message));
    return plan_.messages.back();
  }

  // In each half likes and chat; between them a roll call or a quiz, and then the connections that break.
  void PlanRooms(int burst) {
    int n = 0;
    for (const auto& [room, members] : plan_.rooms) {
      for (const bool second : {false, true}) {
        for (int i = 0; i < 3; ++i) {
          PlannedMessage& like = Add(burst, MessageKind::kLike, MessageClass::kLossy, TargetKind::kRoom, room);
          like.second_half = second;
          like.ttl_seconds = 5;
        }
        for (int i = 0; i < 3; ++i) {
          PlannedMessage& chat = Add(burst, MessageKind::kChat, MessageClass::kOrdered, TargetKind::kRoom, room);
          chat.second_half = second;
          if (i == 1) chat.special = Special::kSameRequestTwice;
        }
        const MessageKind kind = second ? MessageKind::kQuiz : MessageKind::kRollCall;
        PlannedMessage& call = Add(burst, kind, MessageClass::kReliable, TargetKind::kRoom, room);
        call.second_half = second;
        call.recipients = members;
        // A quiz that is open again takes the place of the one before.
        if (second && (burst == 1 || burst == 2)) {
          call.special = Special::kCollapse;
          call.key = absl::StrCat("quiz.", n);
        }
        if (!second && burst == 2) call.special = Special::kScheduled;
        if (!second && burst == 0 && n == 0) call.special = Special::kScheduledCanceled;
      }
      ++n;
    }
  }

  void PlanHomework(int burst) {
    std::vector<const Attendant*> away;
    for (const Attendant& a : plan_.attendants) {
      if (a.attendance == Attendance::kAway) away.push_back(&a);
    }
    const size_t count = std::max<size_t>(std::size(kHomeworks), plan_.attendants.size() / 20);
    for (size_t i = 0; i < count; ++i) {
      const Special special = kHomeworks[i % std::size(kHomeworks)];
      const bool to_away = !away.empty() && special >= Special::kShortLife && special != Special::kScheduled;
      const std::string student = to_away ? away[random_() % away.size()]->student_id
                                          : plan_.attendants[random_() % plan_.attendants.size()].student_id;
      PlannedMessage& work = Add(burst, MessageKind::kHomework, MessageClass::kReliable, TargetKind::kUser, student);
      work.second_half = random_() % 2 == 0;
      work.special = special;
      work.recipients = {student};
      if (special == Special::kShortLife) work.ttl_seconds = 3;
      if (special == Special::kDedupeKey) work.key = absl::StrCat(plan_.run_id, ".", work.number);
    }
  }

  void PlanMovedLesson(int burst) {
    const std::string grade = plan_.attendants[random_() % plan_.attendants.size()].tags.at("grade");
    const std::string expression = absl::StrCat("day=", plan_.run_id, " AND (grade=", grade, " AND NOT trial)");
    PlannedMessage& moved =
        Add(burst, MessageKind::kMovedLesson, MessageClass::kReliable, TargetKind::kAudience, expression);
    moved.high_priority = true;
    for (const Attendant& a : plan_.attendants) {
      if (a.tags.at("grade") == grade && !a.tags.contains("trial")) moved.recipients.push_back(a.student_id);
    }
    std::sort(moved.recipients.begin(), moved.recipients.end());
  }

  void PlanNotices() {
    for (const MessageClass message_class : kMessageClasses) {
      PlannedMessage& notice = Add(1, MessageKind::kNotice, message_class, TargetKind::kProduct, "");
      notice.ttl_seconds = kNoticeLife;
      if (message_class != MessageClass::kReliable) continue;
      for (const Attendant& a : plan_.attendants) notice.recipients.push_back(a.student_id);
      std::sort(notice.recipients.begin(), notice.recipients.end());
    }
  }

  const School& school_;
  Random random_;
  MessagePlan plan_;
};

}  // namespace

const char* ClassName(MessageClass c) {
  constexpr const char* kNames[] = {"LOSSY", "ORDERED", "RELIABLE"};
  return kNames[static_cast<int>(c)];
}

const char* KindName(MessageKind kind) {
  constexpr const char* kNames[] = {"like", "chat", "roll_call", "quiz", "homework", "moved_lesson", "notice"};
  return kNames[static_cast<int>(kind)];
}

const char* SpecialName(Special special) {
  constexpr const char* kNames[] = {"plain",        "same request twice", "dedupe key",
                                    "collapse key", "short life",         "to vendor",
                                    "scheduled",    "scheduled canceled", "canceled"};
  return kNames[static_cast<int>(special)];
}

const char* AttendanceName(Attendance attendance) {
  constexpr const char* kNames[] = {"stays", "breaks", "away", "negligent", "acks by position"};
  static_assert(std::size(kNames) == kAttendanceCount);
  return kNames[static_cast<int>(attendance)];
}

MessagePlan MakeMessagePlan(const School& school, const std::string& run_id, uint64_t seed) {
  return Planner(school, run_id, seed).Make();
}

std::string PushName(const std::string& id) {
  std::string name = id;
  std::replace(name.begin(), name.end(), ':', '.');
  return name;
}

std::string RoomOf(const std::string& course_id, const std::string& run_id) {
  return absl::StrCat(PushName(course_id), ".", run_id);
}

std::string MessageRequestId(const MessagePlan& plan, const PlannedMessage& message, const std::string& kind) {
  return absl::StrCat(plan.run_id, ":", kind, ":", message.number);
}

}  // namespace trivium::schoolday
