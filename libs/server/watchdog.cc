#include "libs/server/watchdog.h"

#include <unistd.h>

#include "libs/clock/clock.h"
#include "libs/log/log.h"

namespace trivium::server {

Watchdog::Watchdog(absl::Duration limit) : thread_([this, limit] { Watch(limit); }) {}

Watchdog::~Watchdog() {
  {
    MutexLock lock(mu_);
    done_ = true;
    wake_.NotifyAll();
  }
  thread_.join();
}

void Watchdog::Watch(absl::Duration limit) {
  const absl::Duration until = Clock::Real().Monotonic() + limit;
  MutexLock lock(mu_);
  while (!done_) {
    const absl::Duration left = until - Clock::Real().Monotonic();
    if (left <= absl::ZeroDuration()) {
      log::Write(log::Level::kError, "stop took too long: the process ends without it");
      _exit(kExitHung);
    }
    wake_.WaitFor(mu_, left);
  }
}

}  // namespace trivium::server
