// What memory a process and the kernel use, from /proc.
#pragma once

#include <cstdint>
#include <string_view>

namespace trivium::load {

// VmRSS of the text of /proc/<pid>/status, in bytes; -1 when it is not there.
int64_t ResidentOfStatus(std::string_view status);
// Bytes of socket buffers of all TCP connections, of the text of /proc/net/sockstat; -1 when it is not there.
int64_t TcpBytesOfSockstat(std::string_view sockstat, int64_t page_bytes);
// Bytes of the kernel's slabs, of the text of /proc/meminfo; -1 when it is not there.
int64_t SlabOfMeminfo(std::string_view meminfo);

struct MemoryUse {
  int64_t resident = -1, tcp_buffers = -1, slab = -1;  // The last two of the whole machine.
};
// pid 0: the kernel alone.
MemoryUse ReadMemoryUse(int pid);

}  // namespace trivium::load
