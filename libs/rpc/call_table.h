// The calls that run or wait now, for the admin page.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/call_guard.h"
#include "libs/sync/mutex.h"

namespace trivium::rpc {

// Thread-safe. Bounded by the guard's max_in_flight.
class CallTable {
 public:
  // call must stay valid until Remove. Returns its number.
  uint64_t Add(const CallContext* call, absl::Duration now) {
    MutexLock lock(mu_);
    calls_.emplace_hint(calls_.end(), ++last_, Entry{call, now});
    return last_;
  }
  void Remove(uint64_t number) {
    MutexLock lock(mu_);
    calls_.erase(number);
  }
  std::vector<CallGuard::Running> Oldest(size_t max, absl::Duration now) const;

 private:
  struct Entry {
    const CallContext* call;
    absl::Duration since;
  };
  mutable Mutex mu_;
  std::map<uint64_t, Entry> calls_ ABSL_GUARDED_BY(mu_);  // In order of arrival.
  uint64_t last_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace trivium::rpc
