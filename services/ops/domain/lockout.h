// Lock-out on guessing: wrong tries of a key (a name, an address) within a window. Pure: time is a parameter, nothing
// is locked inside.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace trivium::ops {

struct LockoutOptions {
  int max_tries = 5;  // Wrong tries within `window` that lock.
  absl::Duration window = absl::Minutes(10);
  size_t max_keys = 10'000;  // Remembered; beyond it the key that tried longest ago is forgotten.
};

// Not thread-safe.
class Lockout {
 public:
  explicit Lockout(LockoutOptions options) : options_(options) {}

  // Time until the key may try again; zero when it may now.
  absl::Duration LockedFor(const std::string& key, absl::Time now) const;
  // Counts a try as wrong before its outcome is known, so that tries at the same moment cannot pass together.
  void Tried(const std::string& key, absl::Time now);
  // The try that was counted at `at` was right: it counts no more.
  void WasRight(const std::string& key, absl::Time at);
  // Forgets the key's wrong tries.
  void Clear(const std::string& key) { tries_.erase(key); }
  size_t keys() const { return tries_.size(); }

 private:
  void ForgetOldest(absl::Time now);

  const LockoutOptions options_;
  std::map<std::string, std::deque<absl::Time>> tries_;  // Oldest first; at most max_tries each.
};

}  // namespace trivium::ops
