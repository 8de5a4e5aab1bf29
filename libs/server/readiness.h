// Whether the process may take calls, as of the last look.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/sync/mutex.h"

namespace trivium::server {

// Look from one thread; the rest is thread-safe.
class Readiness {
 public:
  void Add(std::string name, std::function<absl::Status()> check) {
    checks_.emplace_back(std::move(name), std::move(check));
  }
  // Asks all checks. True when it is ready.
  bool Look();
  // From now on not ready, whatever the checks say.
  void Drain();
  bool ready() const { return ready_.load(); }
  // OK, or UNAVAILABLE with a line for each failed check.
  absl::Status status() const;

 private:
  std::vector<std::pair<std::string, std::function<absl::Status()>>> checks_;
  std::atomic<bool> ready_{false};
  mutable Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_) = absl::UnavailableError("starting");
};

}  // namespace trivium::server
