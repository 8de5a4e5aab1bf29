// What Prometheus clients tell about their process.
#pragma once

#include <string>

namespace trivium {

// Text format 0.0.4 of process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds, process_max_fds and
// process_start_time_seconds, read from /proc at the call.
std::string ExposeProcess();

}  // namespace trivium
