// The load's result: a table for people, JSON for comparisons.
#pragma once

#include <string>
#include <vector>

#include "tests/load/load_flags.h"
#include "tests/load/samples.h"

namespace trivium::load {

// One row a phase, then how many times the concurrent phases do what one-by-one does.
std::string FormatTable(const std::vector<PhaseResult>& phases);

// Schema "trivium.load.payment/1":
// {schema, run_id, time, target, product, pay, channels, institutions, cores,
//  phases: [{name, concurrency, done, seconds, per_second, p50_ms, p99_ms, max_ms, server_cpu_ms_each|null,
//  client_cpu_ms_each, errors}], ratios: {create, life_cycle}}
std::string FormatLoadJson(const std::string& run_id, const std::string& time, const LoadFlags& flags,
                           const std::vector<PhaseResult>& phases);

// Per second at the highest concurrency over per second at 1, of the phases with that name; 0 when one is missing.
double Ratio(const std::vector<PhaseResult>& phases, const std::string& name);

}  // namespace trivium::load
