// The result of a drill: figures of each service, what broke, a table for people, JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/drills/call_log.h"
#include "tests/drills/messages.h"
#include "tests/drills/timeline.h"

namespace trivium::drills {

struct UpgradeFindings {
  std::string run_id, version;
  Timeline timeline;
  int clients = 0;
  MessageFindings messages;
  int64_t payments = 0, payments_lost = 0;  // Acknowledged; of these not there at the end.
  int64_t seats = 0, seats_lost = 0;
};

// How fast sockets were moved.
struct Pace {
  int64_t moved = 0, broken = 0;  // By a close code; without one.
  double seconds = 0;             // From the first to the last.
  int64_t most_in_100_ms = 0;
  double longest_away_ms = 0;
};
// Of the moves within [from, to).
Pace PaceOf(const std::vector<Move>& moves, absl::Time from, absl::Time to);

// A sentence for each thing that must not be; none: the drill held.
std::vector<std::string> Broken(const UpgradeFindings& findings, const CallLog& log);
std::string FormatUpgrade(const UpgradeFindings& findings, const CallLog& log);
// Schema "trivium.drill.upgrade/1"; fields are added, never renamed.
nlohmann::json UpgradeJson(const UpgradeFindings& findings, const CallLog& log);

}  // namespace trivium::drills
