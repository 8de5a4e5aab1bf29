// A small day of classes on which everything holds, for the tests of the checks.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "examples/school-day/class_views.h"

namespace trivium::schoolday {

using FullLevels = std::vector<std::pair<std::string, std::string>>;

inline LiveEventView StayEvent(int64_t sequence, const std::string& type, const std::string& user,
                               const std::string& role, const std::string& rung, const std::string& reason,
                               FullLevels full = {}) {
  LiveEventView e;
  e.event_id = absl::StrCat("evt_", sequence);
  e.product = "acme";
  e.type = "PARTICIPANT_" + type;
  e.time_ms = 11'000 + sequence;
  e.stay.room_id = "room_1";
  e.stay.user_id = user;
  e.stay.join_id = "join_" + user;
  e.stay.role = role;
  e.stay.rung = rung;
  e.stay.reason = reason;
  e.stay.full = std::move(full);
  e.stay.epoch = e.stay.sequence = sequence;
  return e;
}

inline LiveEventView RoomEvent(const std::string& type, const std::string& room_id, const std::string& state,
                               int64_t version, int64_t time_ms) {
  LiveEventView e;
  e.event_id = absl::StrCat("evt_", room_id, "_", version);
  e.product = "acme";
  e.type = "ROOM_" + type;
  e.time_ms = time_ms;
  e.of_room = true;
  e.room.room_id = room_id;
  e.room.type = "LARGE";
  e.room.state = state;
  e.room.version = version;
  e.room.institution_id = "I1";
  e.room.node = "node-a";
  e.room.staff_slots = 2;
  e.room.stage_size = 2;
  e.room.places = {3, 1, 1};
  return e;
}

inline LiveEventView LeftEvent(int64_t sequence, const std::string& user, const std::string& role,
                               const std::string& rung, const std::string& reason, const std::string& why,
                               int seat = 0) {
  LiveEventView e = StayEvent(sequence, "LEFT", user, role, rung, reason);
  e.stay.leave_reason = why;
  e.stay.seat = seat;
  return e;
}

inline VisitRecord VisitOf(int room, const std::string& user, ClassRole role, VisitEnd end,
                           const std::vector<LiveEventView>& joins) {
  VisitRecord v;
  v.plan.room = room;
  v.plan.user_id = user;
  v.plan.role = role;
  v.granted = true;
  v.end = end;
  for (const LiveEventView& e : joins) v.joins.push_back({e.stay, e.time_ms, !v.joins.empty()});
  return v;
}

inline std::vector<LiveEventView> GoodClassEvents() {
  const FullLevels rtc = {{"RTC", "ROOM"}}, fast = {{"RTC", "ROOM"}, {"FAST", "ROOM"}},
                   all = {{"RTC", "ROOM"}, {"FAST", "ROOM"}, {"STANDARD", "ROOM"}};
  LiveEventView moved = StayEvent(8, "MOVED", "s1", "STUDENT", "RTC", "MOVED");
  moved.stay.seat = 1;
  return {RoomEvent("CREATED", "room_1", "SCHEDULED", 1, 1'000),
          RoomEvent("CREATED", "room_2", "SCHEDULED", 1, 1'001),
          RoomEvent("CANCELED", "room_2", "CANCELED", 2, 1'002),
          RoomEvent("STARTED", "room_1", "LIVE", 2, 2'000),
          StayEvent(1, "JOINED", "t", "TEACHER", "RTC", "STAFF"),
          StayEvent(2, "JOINED", "s1", "STUDENT", "RTC", "BEST"),
          StayEvent(3, "JOINED", "s2", "STUDENT", "FAST", "FULL", rtc),
          StayEvent(4, "JOINED", "s3", "STUDENT", "STANDARD", "FULL", fast),
          StayEvent(5, "QUEUED", "s4", "STUDENT", "WAITING", "FULL", all),
          StayEvent(6, "QUEUED", "s5", "STUDENT", "WAITING", "BEHIND_QUEUE"),
          StayEvent(7, "RECONNECTED", "s2", "STUDENT", "FAST", "FULL", rtc),
          moved,
          LeftEvent(9, "s3", "STUDENT", "STANDARD", "FULL", "LEFT"),
          StayEvent(10, "JOINED", "s4", "STUDENT", "STANDARD", "FROM_QUEUE", fast),
          LeftEvent(11, "s5", "STUDENT", "WAITING", "BEHIND_QUEUE", "LEASE_EXPIRED"),
          LeftEvent(12, "s2", "STUDENT", "FAST", "FULL", "REMOVED"),
          RoomEvent("ENDED", "room_1", "ENDED", 3, 11'013),
          LeftEvent(13, "s1", "STUDENT", "RTC", "MOVED", "ROOM_CLOSED", 1),
          LeftEvent(14, "s4", "STUDENT", "STANDARD", "FROM_QUEUE", "ROOM_CLOSED"),
          LeftEvent(15, "t", "TEACHER", "RTC", "STAFF", "ROOM_CLOSED"),
          RoomEvent("CLOSED", "room_1", "CLOSED", 4, 11'020)};
}

inline void SetVisits(ClassDayRecord& day) {
  const auto e = [&](int64_t sequence) {
    return *std::find_if(day.events.begin(), day.events.end(),
                         [&](const LiveEventView& event) { return !event.of_room && event.stay.sequence == sequence; });
  };
  day.visits = {VisitOf(0, "t", ClassRole::kTeacher, VisitEnd::kRoomOver, {e(1)}),
                VisitOf(0, "s1", ClassRole::kStudent, VisitEnd::kRoomOver, {e(2)}),
                VisitOf(0, "s2", ClassRole::kStudent, VisitEnd::kBanned, {e(3), e(7)}),
                VisitOf(0, "s3", ClassRole::kStudent, VisitEnd::kLeft, {e(4)}),
                VisitOf(0, "s4", ClassRole::kStudent, VisitEnd::kRoomOver, {e(5)}),
                VisitOf(0, "s5", ClassRole::kStudent, VisitEnd::kVanished, {e(6)}),
                VisitOf(0, "s6", ClassRole::kStudent, VisitEnd::kNeverPaid, {}),
                VisitOf(1, "s1", ClassRole::kStudent, VisitEnd::kCanceled, {})};
  day.visits[2].breaks = 1;
  day.visits[2].refusals = {{"PARTICIPANT_BANNED", 1}};
  day.visits[6].granted = false;
  day.visits[6].tries = {{"GRANT_MISSING", "GRANT_MISSING"}};
  day.visits[6].refusals = {{"GRANT_MISSING", 1}};
  for (VisitRecord& v : day.visits) {
    if (!v.plan.NeedsToPay()) continue;
    v.plan.order_ref = absl::StrCat(v.plan.user_id, " in ", v.plan.room);
    const MoneyTimes times = {v.granted ? 1'500 : 0, 0};  // Class begins at 2'000, and ends at 11'013.
    day.orders[v.plan.order_ref] = {.settled = true, .paid = v.granted, .times = times};
  }
}

inline void SetRooms(ClassDayRecord& day) {
  RoomRecord held, canceled;
  held.plan.class_id = "C1";
  held.room_id = "room_1";
  held.view = day.events.back().room;
  held.view.state_reason = "ENDED_BY_PRODUCT";
  held.banned = {"s2"};
  canceled.plan.class_id = "C2";
  canceled.plan.canceled = true;
  canceled.room_id = "room_2";
  canceled.view = day.events[2].room;
  canceled.view.state_reason = "CANCELED_BY_PRODUCT";
  day.rooms = {held, canceled};
}

inline void SetCounts(ClassDayRecord& day) {
  day.before.day = day.after.day = "2026-11-27";
  day.before.leaves = {{"LEFT", 3}};
  day.after.rooms = {{"CREATED", 2}, {"LIVE", 1}, {"ENDED", 1}, {"CLOSED", 1}, {"CANCELED", 1}};
  day.after.joins = {{{"RTC", "STAFF"}, 1},
                     {{"RTC", "BEST"}, 1},
                     {{"FAST", "FULL"}, 1},
                     {{"STANDARD", "FULL"}, 1},
                     {{"STANDARD", "FROM_QUEUE"}, 1}};
  day.after.leaves = {{"LEFT", 4}, {"LEASE_EXPIRED", 1}, {"REMOVED", 1}, {"ROOM_CLOSED", 3}};
  day.after.queued = 2;
  day.after.reconnections = 1;
  day.after.refusals = {{"GRANT_MISSING", 1}, {"PARTICIPANT_BANNED", 1}};
}

// A class of one place on RTC beside its staff, one on FAST, one on STANDARD: s1 to s3 get these, s4 and s5 wait, s3
// leaves, s4 follows, s5 vanishes, s2 is removed, s6 has not paid. A second class is canceled.
inline ClassDayRecord GoodClassDay() {
  ClassDayRecord day;
  day.product = "acme";
  day.run_id = "d1";
  day.events = GoodClassEvents();
  SetVisits(day);
  SetRooms(day);
  SetCounts(day);
  return day;
}

// s1's client, which has read all of its room, a line of chat and a quiz.
inline void AddClientAndMessages(ClassDayRecord& day) {
  ClassMessageRecord chat{1, 0, "chat", false, "msg_1", 11'005, 11'006, {}, {}};
  ClassMessageRecord quiz{2, 0, "quiz", true, "msg_2", 11'007, 11'008, {"s1"}, {{"s1", "ACKED"}}};
  day.messages = {chat, quiz};
  StudentRecord s1;
  s1.plan.student_id = "s1";
  const auto add = [&](ClientEvent::Kind kind, int64_t time_ms, const std::string& text, int number) {
    ClientEvent e{kind, "room:room_1", time_ms};
    e.text = text;
    e.class_number = number;
    s1.events.push_back(e);
  };
  add(ClientEvent::Kind::kJoined, 10'950, "", 0);
  for (const LiveEventView& e : day.events) {
    const bool told =
        e.of_room ? e.room.room_id == "room_1" && e.time_ms > 10'950 : e.stay.role == "TEACHER" || e.stay.seat > 0;
    if (told) add(ClientEvent::Kind::kMessage, e.time_ms + 1, absl::StrCat(R"({"eventId":")", e.event_id, "\"}"), 0);
  }
  add(ClientEvent::Kind::kMessage, 11'030, "", 1);
  add(ClientEvent::Kind::kMessage, 11'031, "", 2);
  day.clients = {s1};
}

inline ClassLimits GoodLimits() {
  ClassLimits limits;
  limits.product["acme"] = {10, 10, 10};
  limits.institution["acme"] = {5, 5, 5};
  limits.node["node-a"] = {10, 10, 10};
  limits.platform_known = true;
  limits.platform = {10, 10, 10};
  return limits;
}

}  // namespace trivium::schoolday
