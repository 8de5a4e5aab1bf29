// The join load's result: a table for people, JSON for comparisons.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/load/join_flags.h"
#include "tests/load/place_audit.h"
#include "tests/load/samples.h"

namespace trivium::load {

struct JoinReport {
  PhaseResult empty;  // Empty calls.
  PhaseResult joins, leaves;
  PhaseResult calls;                       // Both, with live's CPU time for each.
  double redis_cpu_ms_each = -1;           // Of calls; negative: not known.
  PhaseResult incr;                        // Plain INCR.
  std::map<std::string, int64_t> answers;  // By rung and reason.
  std::vector<LevelUse> levels;            // As the clients counted them.
  int64_t waves = 0, looks = 0, unsettled = 0;
  std::vector<std::string> faults;  // Over capacity, or not given back.

  // Joins per second over a baseline's calls per second; 0 when there are none.
  double Over(const PhaseResult& baseline) const;
};

std::string FormatJoinTable(const JoinReport& report);
// Schema "trivium.load.join/1":
// {schema, run_id, time, product, target, rooms, wave, cores, phases: [{name, concurrency, done, seconds, per_second,
// p50_ms, p99_ms,
//  max_ms, live_cpu_ms_each|null, redis_cpu_ms_each|null, client_cpu_ms_each, errors}], answers, levels: [{name,
//  places, most}], waves, looks, unsettled, faults, ratios: {join_over_incr, join_over_empty_call}}
std::string FormatJoinJson(const std::string& run_id, const std::string& time, const JoinFlags& flags,
                           const JoinReport& report);

}  // namespace trivium::load
