#include "libs/telemetry/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace trivium {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

int OpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  int count = -3;  // ".", ".." and the folder itself.
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

double MaxFiles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

// When this library was loaded: a moment after the process started.
const double kStartSeconds = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

void Append(const char* name, const char* type, const char* help, const absl::AlphaNum& value, std::string& out) {
  absl::StrAppend(&out, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n", name, " ");
  absl::StrAppend(&out, value, "\n");
}

}  // namespace

std::string ExposeProcess() {
  std::string out;
  Append("process_cpu_seconds_total", "counter", "User and system CPU time spent, in seconds.",
         std::to_string(CpuSeconds()), out);
  Append("process_resident_memory_bytes", "gauge", "Resident memory, in bytes.", std::to_string(ResidentBytes()), out);
  Append("process_open_fds", "gauge", "Open file descriptors.", OpenFiles(), out);
  Append("process_max_fds", "gauge", "Most file descriptors that may be open.", std::to_string(MaxFiles()), out);
  Append("process_start_time_seconds", "gauge", "Start of the process, in seconds since the epoch.",
         std::to_string(kStartSeconds), out);
  return out;
}

}  // namespace trivium
