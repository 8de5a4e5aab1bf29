// Signals as values: blocked in every thread, taken by one.
#pragma once

#include "absl/time/time.h"

namespace trivium::server {

// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those it starts, and ignores SIGPIPE. Call it before the first
// thread.
void BlockSignals();

// The next of them, or 0 after `timeout`.
int WaitForSignal(absl::Duration timeout);

}  // namespace trivium::server
