// CPU time that processes have used.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trivium::load {

// Seconds of user and system time in the text of /proc/<pid>/stat. Nothing when it cannot be read.
std::optional<double> CpuOfProcStat(std::string_view stat);
// The value of process_cpu_seconds_total in Prometheus' text format.
std::optional<double> CpuOfMetrics(std::string_view text);

// Payment's CPU seconds so far: of `pid`, or else from the admin pages at `admin`. Nothing when neither can be read.
std::optional<double> ServerCpuSeconds(int pid, const std::string& admin);
// This process's.
double OwnCpuSeconds();

}  // namespace trivium::load
