#include "services/live/workers/drainer.h"

#include <algorithm>

#include "libs/log/log.h"
#include "libs/status/error.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10), kRest = absl::Seconds(1);
constexpr int kLostAtOnce = 500;

}  // namespace

bool Drainer::Step() {
  if (!leader_.Leads()) {
    mark_.reset();
    return false;
  }
  if (p_.clock.Monotonic() < rests_until_) return false;
  const absl::StatusOr<bool> more = Drain(p_.clock.Now() + kPatience);
  if (more.ok()) return *more;
  mark_.reset();
  const std::string reason = ReasonOf(more.status());
  if (reason == "DRAIN_MARK_MOVED") return true;
  rests_until_ = p_.clock.Monotonic() + kRest;
  p_.metrics.Worked("drain", "failed");
  TRIVIUM_LOG(kWarning, "changes of membership could not be stored: they stay in Redis", {"error", more.status()});
  return false;
}

absl::StatusOr<bool> Drainer::Drain(absl::Time deadline) {
  if (!mark_) {
    TRIVIUM_ASSIGN_OR_RETURN(mark_, p_.store.GetDrainMark(p_.cell.name(), deadline));
  }
  // Before the changes: what comes back within the rebuild is then among them.
  const Call call = p_.cell.CallUntil(deadline);
  const absl::StatusOr<CellCounts> counts = p_.cell.admission().CountCell(call);
  if (ReasonOf(counts.status()) == "ADMISSION_STATE_LOST") {
    TRIVIUM_RETURN_IF_ERROR(p_.cell.Rebuild(deadline));
    return true;
  }
  TRIVIUM_RETURN_IF_ERROR(counts.status());
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Change> changes,
                           p_.cell.admission().ReadChanges(mark_->sequence, kMaxChangesRead, call));
  p_.metrics.DrainLag(changes.empty() ? absl::ZeroDuration()
                                      : std::max(call.now - changes.front().time, absl::ZeroDuration()));
  if (!changes.empty()) TRIVIUM_RETURN_IF_ERROR(Apply(changes, call));
  if (changes.size() == kMaxChangesRead) return true;
  // All that there was a moment ago is stored. A busy cell never has nothing.
  if (mark_->lost_before < counts->generation && call.now >= counts->rebuild_until)
    TRIVIUM_RETURN_IF_ERROR(EndLost(counts->generation, deadline));
  return false;
}

absl::Status Drainer::Apply(const std::vector<Change>& changes, const Call& call) {
  TRIVIUM_RETURN_IF_ERROR(p_.store.ApplyChanges(p_.cell.name(), mark_->sequence, changes, p_.day_of, call.deadline));
  mark_->sequence = changes.back().sequence;
  p_.metrics.Worked("drain", "done", static_cast<int64_t>(changes.size()));
  p_.on_events();
  // What stays in the stream for an error is below the mark: the next trim takes it along.
  (void)p_.cell.admission().TrimChanges(mark_->sequence, call);
  return absl::OkStatus();
}

absl::Status Drainer::EndLost(int64_t generation, absl::Time deadline) {
  while (true) {
    TRIVIUM_ASSIGN_OR_RETURN(
        const int64_t ended,
        p_.store.EndLostStays(p_.cell.name(), generation, absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now())),
                              p_.day_of, kLostAtOnce, deadline));
    if (ended == 0) break;
    TRIVIUM_LOG(kWarning, "stays that Redis lost have ended", {"cell", p_.cell.name()}, {"stays", ended});
    p_.on_events();
  }
  mark_->lost_before = generation;
  return absl::OkStatus();
}

}  // namespace trivium::live
