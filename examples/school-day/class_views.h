// What the day knows of classes: plain values that the checks work on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "examples/school-day/class_plan.h"
#include "examples/school-day/message_views.h"
#include "examples/school-day/views.h"

namespace trivium::schoolday {

// Places by rung: RTC, FAST, STANDARD.
using RungPlaces = std::array<int64_t, 3>;
inline constexpr const char* kRungs[] = {"RTC", "FAST", "STANDARD"};

// A room as the API shows it.
struct ClassRoomView {
  std::string room_id, room_ref, type, state, state_reason;  // "LARGE", "LIVE".
  std::string institution_id, node;
  int64_t version = 0;
  int staff_slots = 0, seats = 0, stage_size = 0;
  RungPlaces places{};
};

// A stay as the API shows it.
struct StayView {
  std::string room_id, user_id, join_id, role, state, rung, reason, leave_reason;  // "STUDENT", "JOINED", "RTC".
  std::vector<std::pair<std::string, std::string>> full;  // Rungs that were passed over: the level that was full.
  int64_t epoch = 0, sequence = 0;
  int seat = 0;
  int queue_position = 0;  // Answers only.

  bool IsStaff() const { return role == "TEACHER" || role == "ASSISTANT"; }
};

struct LiveEventView {
  std::string event_id, cursor, product, type;  // "PARTICIPANT_JOINED"
  int64_t time_ms = 0;
  bool of_room = false;
  ClassRoomView room;  // of_room.
  StayView stay;       // Else.
};

// The product's day.
struct LiveDayView {
  std::string day;
  std::map<std::string, int64_t> rooms, leaves, refusals;
  std::map<std::pair<std::string, std::string>, int64_t> joins;  // By rung and reason.
  int64_t queued = 0, reconnections = 0, reports = 0;
};

// What JoinRoom answered.
struct JoinAnswer {
  StayView stay;
  int64_t time_ms = 0;
  bool back = false;  // It was in already, as far as its client knew.
};

// Something that was tried without the right to, or too early, and how it ended.
struct Refusal {
  std::string tried, reason;  // "GRANT_EXPIRED", or "OK".
};

// How a visit ended, by what its client was told.
enum class VisitEnd { kNone, kLeft, kRoomOver, kVanished, kBanned, kNeverPaid, kCanceled, kGaveUp };
const char* EndName(VisitEnd end);

// What a visit's client did and was told.
struct VisitRecord {
  PlannedVisit plan;
  bool granted = false;                     // The backend let it in: it has paid, or is staff.
  bool kept_out = false;                    // Not by its backend's first look.
  std::vector<JoinAnswer> joins;            // Answers of JoinRoom.
  std::vector<Refusal> tries;               // Without the right to.
  std::map<std::string, int64_t> refusals;  // Final answers that were no, by reason; tries, too.
  int64_t not_live = 0;                     // Told to wait for the start.
  VisitEnd end = VisitEnd::kNone;
  int64_t beats = 0, reports = 0;  // Heartbeats, and QoE reports, that were answered.
  int64_t breaks = 0;              // Connections that were cut, or apps started anew.
  double waited_s = 0;             // In the queue.
  double estimate_s = 0;           // Longest that was told.
  int64_t waits = 0;               // Stays in the queue.
  std::vector<float> join_ms;
  std::vector<std::string> complaints;
};

// What the backend did about a room, and what became of it.
struct RoomRecord {
  PlannedRoom plan;
  std::string room_id;  // "": it could not be created.
  ClassRoomView view;   // At the end.
  int64_t listed_at_end = 0;
  std::vector<std::string> banned;
};

// A quiz, a line of chat, a notice of the backend's.
struct ClassMessageRecord {
  int number = 0;    // From 1: unique in the product's classes.
  int room = -1;     // Of the plan's; -1: the whole product.
  std::string kind;  // "quiz", "chat", "moved".
  bool reliable = false;
  std::string message_id;
  int64_t begin_ms = 0, end_ms = 0;          // Of publishing.
  std::vector<std::string> recipients;       // Who was in.
  std::map<std::string, std::string> fates;  // RELIABLE: states by user.
};

// Capacities by the product's profile and the cell; a level that is not here is not checked.
struct ClassLimits {
  std::map<std::string, RungPlaces> product, institution;  // By product; an institution's is each one's.
  std::map<std::string, RungPlaces> node;                  // By name.
  bool platform_known = false;
  RungPlaces platform{};
};

// An order as payment tells of it at the day's end.
struct PaidOrder {
  bool settled = true;  // Else it is not judged.
  bool paid = false;    // Some payment of it has succeeded, also if it was given back later.
  MoneyTimes times;     // By the events.
};

// Everything that is judged of a product's classes.
struct ClassDayRecord {
  std::string product, run_id;
  std::vector<RoomRecord> rooms;             // As in the plan.
  std::vector<VisitRecord> visits;           // As in the plan.
  std::vector<ClassMessageRecord> messages;  // By number.
  std::vector<StudentRecord> clients;        // Of all who have a connection.
  std::vector<LiveEventView> events;         // Of the product since the day's begin, as the feed gives them.
  std::map<std::string, PaidOrder> orders;   // By order_ref.
  LiveDayView before, after;
  bool troubled = false;  // Some call was not answered at first: something was killed, or slow.
  std::vector<std::string> complaints;
  int64_t broken_streams = 0;
  double seconds = 0;  // From the first wave to the last room's end.
};

// Redis has lost everything in the middle of it: events tell of stays that came back by their tokens, or did not.
bool WasRebuilt(const ClassDayRecord& day);

}  // namespace trivium::schoolday
