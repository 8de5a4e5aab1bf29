// Whether a user of a product may have a given number of pending deliveries at all. He has at most one of each open
// message: while these are few, nobody's deliveries need be counted.
#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/mysql/mysql.h"
#include "libs/sync/mutex.h"

namespace trivium::push {

// Thread-safe.
class OpenMessages {
 public:
  // Before a message is accepted. False: no user has `pending` deliveries pending. Counts in the database once a second
  // of the messages' time; what other instances accept meanwhile is allowed for by half of `pending`.
  absl::StatusOr<bool> MayReach(mysql::Connection& db, const std::string& product, int64_t pending, absl::Time now);

 private:
  struct Counted {
    absl::Time time = absl::InfinitePast();
    int64_t open = 0;  // As counted, and what this instance has accepted since.
  };
  Mutex mu_;
  std::map<std::string, Counted> products_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::push
