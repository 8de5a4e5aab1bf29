// How many files and sockets a process may have open.
#pragma once

#include <sys/resource.h>

namespace trivium::server {

// As many as the system allows: a shell's soft limit of 1024 is for programs that use select(). False: the system does
// not tell, or refuses.
inline bool RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace trivium::server
