#include "examples/school-day/class_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/school-day/class_invariants.h"
#include "examples/school-day/latency.h"

namespace trivium::schoolday {
namespace {

constexpr size_t kTooLateLines = 10;  // Of a product.

std::string TextOf(const std::map<std::string, int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ", count);
  return text.empty() ? "-" : text;
}

void AddVisit(const VisitRecord& v, ClassSummary& s) {
  for (const auto& [reason, count] : v.refusals) s.refusals[reason] += count;
  s.heartbeats += v.beats;
  s.waited += v.waits;
  s.longest_wait_s = std::max(s.longest_wait_s, v.waited_s);
  s.longest_estimate_s = std::max(s.longest_estimate_s, v.estimate_s);
  if (v.joins.empty()) return;
  (IsStaff(v.plan.role) ? s.staff : v.plan.role == ClassRole::kObserver ? s.observers : s.students) += 1;
  s.reconnects += std::count_if(v.joins.begin(), v.joins.end(), [](const JoinAnswer& j) { return j.back; });
}

void AddLatePayers(const ClassDayRecord& day, ClassSummary& s) {
  const std::vector<PaidVisit> paid = PaidVisits(day);
  for (size_t i = 0; i < day.visits.size(); ++i) {
    const VisitRecord& v = day.visits[i];
    const bool at_end = paid[i].when == PaidWhen::kAtItsEnd;
    if (!v.joins.empty()) s.late += at_end || paid[i].when == PaidWhen::kInClass ? 1 : 0;
    if (!v.joins.empty() || !at_end) continue;
    const double seconds = static_cast<double>(paid[i].after_end_ms) / 1000;
    s.too_late.push_back(absl::StrFormat("%s paid %s %.1f s %s the end of %s", v.plan.user_id, v.plan.order_ref,
                                         std::abs(seconds), seconds < 0 ? "before" : "after",
                                         day.rooms[v.plan.room].plan.class_id));
  }
}

void AddEvents(const ClassDayRecord& day, ClassSummary& s) {
  std::set<std::string> ours;
  for (const RoomRecord& room : day.rooms) ours.insert(room.room_id);
  for (const LiveEventView& e : day.events) {
    if (e.of_room || !ours.contains(e.stay.room_id)) continue;
    if (e.type == "PARTICIPANT_JOINED" || e.type == "PARTICIPANT_QUEUED") {
      ++s.joins[{e.stay.rung, e.stay.reason}];
      if (e.stay.reason == "FULL" && !e.stay.full.empty()) ++s.full[e.stay.rung][e.stay.full.back().second];
    }
    if (e.type == "PARTICIPANT_JOINED" && e.stay.reason == "FROM_QUEUE") ++s.admitted;
    if (e.type == "PARTICIPANT_LEFT") ++s.leaves[e.stay.leave_reason];
  }
}

void AddMessages(const ClassDayRecord& day, ClassSummary& s) {
  for (const ClassMessageRecord& m : day.messages) {
    s.chat += m.reliable ? 0 : 1;
    s.quizzes += m.reliable && m.room >= 0 ? 1 : 0;
  }
  for (const StudentRecord& client : day.clients) {
    s.shown += std::count_if(client.events.begin(), client.events.end(),
                             [](const ClientEvent& e) { return e.class_number > 0 && !e.seen; });
  }
}

// Their money is the product's still: it owes them another class, or gives it back.
void AppendTooLate(const ClassSummary& s, std::string* out) {
  for (size_t i = 0; i < std::min(s.too_late.size(), kTooLateLines); ++i) {
    absl::StrAppend(out, s.product, ": too late: ", s.too_late[i], "\n");
  }
  if (s.too_late.size() > kTooLateLines) {
    absl::StrAppend(out, s.product, ": too late: and ", s.too_late.size() - kTooLateLines, " more\n");
  }
}

// Best rung first.
void AppendJoins(const ClassSummary& s, std::string* out) {
  for (const char* rung : {"RTC", "FAST", "STANDARD", "WAITING"}) {
    for (const auto& [key, count] : s.joins) {
      if (key.first != rung) continue;
      const auto full = s.full.find(rung);
      const bool names_levels = key.second == "FULL" && full != s.full.end();
      absl::StrAppendFormat(out, "%-12s %-9s %-12s %7d  %s\n", s.product, rung, key.second, count,
                            names_levels ? TextOf(full->second) : "");
    }
  }
}

}  // namespace

ClassSummary Summarize(const ClassDayRecord& day) {
  ClassSummary s;
  s.product = day.product;
  s.rooms = static_cast<int64_t>(day.rooms.size());
  for (const RoomRecord& room : day.rooms) {
    s.canceled += room.plan.canceled ? 1 : 0;
    s.moved += room.plan.moved ? 1 : 0;
  }
  std::map<int, int64_t> in_room;
  std::vector<float> join_ms;
  for (const VisitRecord& v : day.visits) {
    AddVisit(v, s);
    if (v.plan.role == ClassRole::kStudent && !v.joins.empty()) ++in_room[v.plan.room];
    join_ms.insert(join_ms.end(), v.join_ms.begin(), v.join_ms.end());
  }
  for (const auto& [room, count] : in_room) s.most_in_one_room = std::max(s.most_in_one_room, count);
  AddLatePayers(day, s);
  AddEvents(day, s);
  AddMessages(day, s);
  s.join_p50_ms = Quantile(join_ms, 0.5);
  s.join_p99_ms = Quantile(std::move(join_ms), 0.99);
  s.events = static_cast<int64_t>(day.events.size());
  s.broken_streams = day.broken_streams;
  s.seconds = day.seconds;
  return s;
}

std::string FormatClassTables(const std::vector<ClassSummary>& days) {
  std::string out =
      absl::StrFormat("%-12s %6s %9s %6s %6s %9s %12s %7s %15s %11s %11s %10s %9s %12s %9s\n", "product", "rooms",
                      "canceled", "moved", "staff", "students", "most in one", "waited", "longest wait s", "from queue",
                      "reconnects", "paid late", "too late", "join p50 ms", "p99 ms");
  for (const ClassSummary& s : days) {
    absl::StrAppendFormat(&out, "%-12s %6d %9d %6d %6d %9d %12d %7d %15.1f %11d %11d %10d %9d %12.1f %9.1f\n",
                          s.product, s.rooms, s.canceled, s.moved, s.staff, s.students, s.most_in_one_room, s.waited,
                          s.longest_wait_s, s.admitted, s.reconnects, s.late, s.too_late.size(), s.join_p50_ms,
                          s.join_p99_ms);
  }
  for (const ClassSummary& s : days) AppendTooLate(s, &out);
  absl::StrAppendFormat(&out, "\n%-12s %-9s %-12s %7s  %s\n", "product", "rung", "reason", "joins",
                        "full on the next better rung: whose places");
  for (const ClassSummary& s : days) AppendJoins(s, &out);
  absl::StrAppend(&out, "\n");
  for (const ClassSummary& s : days) {
    absl::StrAppendFormat(&out, "%-12s refused: %s\n%-12s left:    %s\n", s.product, TextOf(s.refusals), "",
                          TextOf(s.leaves));
  }
  return out;
}

nlohmann::json ToJson(const ClassSummary& s) {
  nlohmann::json joins = nlohmann::json::array();
  for (const auto& [key, count] : s.joins) {
    joins.push_back({{"rung", key.first}, {"reason", key.second}, {"count", count}});
    const auto full = s.full.find(key.first);
    if (key.second == "FULL" && full != s.full.end()) joins.back()["full"] = full->second;
  }
  return {{"rooms", s.rooms},
          {"canceled", s.canceled},
          {"moved", s.moved},
          {"staff", s.staff},
          {"students", s.students},
          {"observers", s.observers},
          {"most_in_one_room", s.most_in_one_room},
          {"joins", joins},
          {"waited", s.waited},
          {"admitted", s.admitted},
          {"longest_wait_s", s.longest_wait_s},
          {"longest_estimate_s", s.longest_estimate_s},
          {"reconnects", s.reconnects},
          {"late", s.late},
          {"too_late", s.too_late},
          {"refusals", s.refusals},
          {"leaves", s.leaves},
          {"quizzes", s.quizzes},
          {"chat", s.chat},
          {"shown", s.shown},
          {"heartbeats", s.heartbeats},
          {"join", {{"p50_ms", s.join_p50_ms}, {"p99_ms", s.join_p99_ms}}},
          {"events", s.events},
          {"broken_streams", s.broken_streams},
          {"seconds", s.seconds}};
}

}  // namespace trivium::schoolday
