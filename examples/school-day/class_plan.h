// The plan of a day's classes: which rooms, when, who comes as what, and how each of them behaves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/school-day/plan.h"
#include "examples/school-day/school.h"

namespace trivium::schoolday {

inline constexpr int kWaves = 3;           // Classes begin in so many waves, in the order of the timetable.
inline constexpr int kSmallClassMax = 16;  // Classes of so many seats have a SMALL room.

// As the API calls them.
enum class ClassRole { kTeacher = 1, kAssistant, kStudent, kObserver };
const char* RoleName(ClassRole role);  // "STUDENT"
constexpr bool IsStaff(ClassRole role) { return role <= ClassRole::kAssistant; }

// How somebody's stay goes.
enum class Manner {
  kStays,        // To the end.
  kBreaks,       // The TCP connection is reset in the middle of the class, and comes back.
  kStartsAnew,   // The app is started anew, with the resume token that it kept.
  kLeavesEarly,  // In the middle of the class.
  kVanishes,     // Without a word: its lease must end it.
};
inline constexpr int kMannerCount = 5;

// What staff or the backend do to a student.
enum class Treatment {
  kNone,
  kStage,     // To the stage and back, by the teacher's client.
  kStageToo,  // Likewise, by the backend.
  kMute,      // By the teacher's client.
  kRemove,    // By the backend, with a ban; comes again and must be refused.
};

// What somebody shows who has not paid.
enum class BadGrant { kNone, kOtherRoom, kExpired, kOtherProduct, kSomebodyElses, kChanged, kAsksForRole };
inline constexpr int kBadGrantCount = 7;
// The reason by which live must refuse it.
const char* RefusalOf(BadGrant grant);

// How its calls go.
enum class Way { kSocket, kHttp, kBackend };

struct PlannedRoom {
  std::string class_id, room_ref, title, institution_id;
  bool small = false;
  bool auto_start = false;   // Live opens it at its time; else the backend does.
  bool canceled = false;     // Before its time.
  bool moved = false;        // Nobody is let in at the time of the timetable: it is held in the last wave.
  bool open_lesson = false;  // Has fewer places than people.
  int wave = 0;              // Of the timetable.
  int held = 0;              // In which it is held.
  int64_t rtc = 0, fast = 0, standard = 0;  // Places; 0: as the profile says.
};

struct PlannedVisit {
  int room = 0;  // Of the plan's.
  std::string user_id;
  ClassRole role = ClassRole::kStudent;
  Way way = Way::kSocket;
  Manner manner = Manner::kStays;
  Treatment treatment = Treatment::kNone;
  BadGrant bad = BadGrant::kNone;  // What it tries as long as it has not paid.
  // Students.
  std::string order_ref;
  bool pays_before_class = false;  // By the plan; the platform may hear of it later.
  bool refunded = false;           // Before the class: the backend lets it in no more.
  bool NeedsToPay() const { return role == ClassRole::kStudent; }
};

struct ClassPlan {
  std::string run_id, product;
  std::vector<PlannedRoom> rooms;    // In the order of the timetable.
  std::vector<PlannedVisit> visits;  // A room's staff before its students.
};

// One visit for each order, and a room's staff. Depends on school, orders and seed alone. A third of the students
// breaks off and comes back.
ClassPlan MakeClassPlan(const School& school, const DayPlan& orders, uint64_t seed);

}  // namespace trivium::schoolday
