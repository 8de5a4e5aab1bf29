// What a day's classes end in: a table for people, JSON for programs.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "examples/school-day/class_views.h"

namespace trivium::schoolday {

// A product's classes in numbers.
struct ClassSummary {
  std::string product;
  int64_t rooms = 0, canceled = 0, moved = 0;
  int64_t staff = 0, students = 0, observers = 0;  // Who got in.
  int64_t most_in_one_room = 0;                    // Students who joined one room.
  std::map<std::pair<std::string, std::string>, int64_t>
      joins;  // Places that were got, by rung and reason; WAITING: the queue.
  std::map<std::string, std::map<std::string, int64_t>>
      full;                          // With FULL: by rung, the level that was full on the next better one.
  int64_t waited = 0, admitted = 0;  // Went into the queue; got a place from it.
  double longest_wait_s = 0, longest_estimate_s = 0;
  int64_t reconnects = 0;             // To the same stay.
  int64_t late = 0;                   // Paid when the class was running, and came.
  std::vector<std::string> too_late;  // Who paid when it was over or nearly so, and did not come: a sentence each.
  std::map<std::string, int64_t> refusals, leaves;
  int64_t quizzes = 0, shown = 0, chat = 0, heartbeats = 0;
  double join_p50_ms = 0, join_p99_ms = 0;
  int64_t events = 0, broken_streams = 0;
  double seconds = 0;
};

ClassSummary Summarize(const ClassDayRecord& day);

std::string FormatClassTables(const std::vector<ClassSummary>& days);

// {rooms, joins: [{rung, reason, count}], waited, refusals: {reason: n}, join: {p50_ms, p99_ms}, ...}
nlohmann::json ToJson(const ClassSummary& summary);

}  // namespace trivium::schoolday
