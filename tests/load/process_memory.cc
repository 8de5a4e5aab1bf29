#include "tests/load/process_memory.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace trivium::load {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number that follows `name` on its line.
int64_t NumberAfter(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (at > 0 && text[at - 1] != '\n' && text[at - 1] != ' ') continue;
    std::istringstream rest{std::string(text.substr(at + name.size(), 40))};
    int64_t value = -1;
    return rest >> value ? value : -1;
  }
  return -1;
}

int64_t KilobytesAfter(std::string_view text, std::string_view name) {
  const int64_t value = NumberAfter(text, name);
  return value < 0 ? -1 : value * 1024;
}

}  // namespace

int64_t ResidentOfStatus(std::string_view status) { return KilobytesAfter(status, "VmRSS:"); }

int64_t TcpBytesOfSockstat(std::string_view sockstat, int64_t page_bytes) {
  const size_t line = sockstat.find("TCP:");
  if (line == std::string_view::npos) return -1;
  const std::string_view tcp = sockstat.substr(line, sockstat.find('\n', line) - line);
  const int64_t pages = NumberAfter(tcp, "mem");
  return pages < 0 ? -1 : pages * page_bytes;
}

int64_t SlabOfMeminfo(std::string_view meminfo) { return KilobytesAfter(meminfo, "Slab:"); }

MemoryUse ReadMemoryUse(int pid) {
  return {pid == 0 ? -1 : ResidentOfStatus(ReadText(absl::StrCat("/proc/", pid, "/status"))),
          TcpBytesOfSockstat(ReadText("/proc/net/sockstat"), sysconf(_SC_PAGESIZE)),
          SlabOfMeminfo(ReadText("/proc/meminfo"))};
}

}  // namespace trivium::load
