#include "tests/load/cpu_meter.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/http/client.h"
#include "libs/text/view.h"

namespace trivium::load {

std::optional<double> CpuOfProcStat(std::string_view stat) {
  // The second field, the name in parentheses, may hold blanks and parentheses.
  const size_t end = stat.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  const std::vector<std::string> fields = absl::StrSplit(ToAbsl(stat.substr(end + 1)), ' ', absl::SkipEmpty());
  double user = 0, system = 0;
  // Fields 14 and 15 of the whole line.
  if (fields.size() < 13 || !absl::SimpleAtod(fields[11], &user) || !absl::SimpleAtod(fields[12], &system)) {
    return std::nullopt;
  }
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::optional<double> CpuOfMetrics(std::string_view text) {
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(line, ' ');
    double value = 0;
    if (parts.size() >= 2 && parts[0] == "process_cpu_seconds_total" && absl::SimpleAtod(parts[1], &value))
      return value;
  }
  return std::nullopt;
}

std::optional<double> ServerCpuSeconds(int pid, const std::string& admin) {
  if (pid > 0) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
    std::stringstream text;
    text << file.rdbuf();
    return CpuOfProcStat(text.str());
  }
  if (admin.empty()) return std::nullopt;
  static http::Client* client = new http::Client(1);
  const auto response = client->Send({.url = admin + "/metrics"});
  if (!response.ok() || response->status != 200) return std::nullopt;
  return CpuOfMetrics(response->body);
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace trivium::load
