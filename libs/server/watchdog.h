// Ends the process when its stop does not end: a supervisor waits for nothing longer than its deadline.
#pragma once

#include <thread>

#include "absl/time/time.h"
#include "libs/sync/mutex.h"

namespace trivium::server {

inline constexpr int kExitHung = 3;

// From its construction the process has `limit` until it is destroyed; then it exits with kExitHung, without
// destructors.
class Watchdog {
 public:
  explicit Watchdog(absl::Duration limit);
  ~Watchdog();

 private:
  void Watch(absl::Duration limit);

  Mutex mu_;
  CondVar wake_;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // Last: it uses the rest.
};

}  // namespace trivium::server
