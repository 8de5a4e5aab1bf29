// What happened to payments and refunds, newest first. Functions on a borrowed connection: the insert belongs into the
// consumer's transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/id/id.h"

namespace trivium::mysql {
class Connection;
}

namespace trivium::ops {

struct ActivityRecord {
  std::string product;
  Id event_id;
  absl::Time time;
  std::string kind, subject_id, order_ref, state;
  int64_t amount_minor = 0;
  std::string currency_code;
};

absl::Status InsertActivity(mysql::Connection& db, const ActivityRecord& activity);
// At most limit, newest first.
absl::StatusOr<std::vector<ActivityRecord>> NewestActivities(mysql::Connection& db, std::string_view product,
                                                             int limit);
// Takes away at most 10,000 that are older than `before`.
absl::Status PurgeActivities(mysql::Connection& db, absl::Time before);

}  // namespace trivium::ops
