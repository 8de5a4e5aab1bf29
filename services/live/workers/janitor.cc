#include "services/live/workers/janitor.h"

#include "libs/clock/clock.h"
#include "libs/log/log.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr int kAtOnce = 1000;

}  // namespace

bool Janitor::AddCounts() {
  const absl::Status status = counter_.Flush(clock_.Now() + kPatience);
  if (!status.ok()) {
    metrics_.Worked("counts", "failed");
    TRIVIUM_LOG(kWarning, "counts of days wait", {"error", status});
  }
  return false;
}

bool Janitor::Purge() {
  const absl::Time now = clock_.Now(), deadline = now + kPatience;
  bool more = false;
  for (const absl::StatusOr<int64_t>& gone :
       {store_.PurgeStays(now - options_.keep_stays, kAtOnce, deadline),
        store_.PurgeRooms(now - options_.keep_rooms, kAtOnce, deadline), store_.PurgeRecords(now, kAtOnce, deadline)}) {
    metrics_.Worked("purge", gone.ok() ? "done" : "failed", gone.ok() ? *gone : 1);
    more = more || (gone.ok() && *gone >= kAtOnce);
  }
  return more;
}

}  // namespace trivium::live
