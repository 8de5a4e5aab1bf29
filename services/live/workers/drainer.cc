#include "services/live/workers/drainer.h"

#include <algorithm>

#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/live/workers/trouble.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10), kRest = absl::Seconds(1);
// Rooms come back one call each: thousands, while those who are in wait for nothing of it.
constexpr absl::Duration kRestorePatience = absl::Seconds(20);
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
  if (mark_->lost_before < counts->generation && restored_ != counts->generation) {
    TRIVIUM_RETURN_IF_ERROR(p_.cell.RestoreRooms(p_.clock.Now() + kRestorePatience));
    restored_ = counts->generation;
    return true;
  }
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Change> changes,
                           p_.cell.admission().ReadChanges(mark_->sequence, kMaxChangesRead, call));
  // A trim that failed: with no change after it there would be no other one.
  if (changes.empty() && counts->changes > 0) (void)p_.cell.admission().TrimChanges(mark_->sequence, call);
  TRIVIUM_ASSIGN_OR_RETURN(const size_t applied, Apply(changes, call));
  if (applied < changes.size() || changes.size() == kMaxChangesRead) return true;
  // All that there was a moment ago is stored. A busy cell never has nothing.
  if (mark_->lost_before < counts->generation && call.now >= counts->rebuild_until)
    TRIVIUM_RETURN_IF_ERROR(EndLost(counts->generation, deadline));
  return false;
}

absl::StatusOr<size_t> Drainer::Apply(std::span<const Change> changes, const Call& call) {
  if (changes.empty()) return 0;
  const std::span<const Change> batch = changes.first(std::min(changes.size(), at_once_));
  const absl::Status status = p_.store.ApplyChanges(p_.cell.name(), mark_->sequence, batch, p_.day_of, call.deadline);
  if (!status.ok()) return Retreat(batch, status, call);
  at_once_ = std::min(2 * at_once_, kMaxChangesRead);
  aside_in_row_ = 0;
  p_.metrics.Worked("drain", "done", static_cast<int64_t>(batch.size()));
  Advance(batch, call);
  return batch.size();
}

absl::StatusOr<size_t> Drainer::Retreat(std::span<const Change> batch, const absl::Status& why, const Call& call) {
  const bool too_long = why.code() == absl::StatusCode::kDeadlineExceeded && batch.size() > 1;
  if (IsPassing(why) && !too_long) return why;
  if (batch.size() > 1) {
    at_once_ = batch.size() / 2;
    return 0;
  }
  if (aside_in_row_ == kMaxAside) return why;
  TRIVIUM_RETURN_IF_ERROR(p_.store.SetAside(p_.cell.name(), mark_->sequence, batch[0], why, call.deadline));
  ++aside_in_row_;
  p_.metrics.Worked("drain", "set_aside");
  TRIVIUM_LOG(kError, "a change of membership cannot be stored and is set aside", {"sequence", batch[0].sequence},
              {"product", batch[0].room.product}, {"room", FormatId(kRoomIdKind, batch[0].room.room_id)},
              {"error", why});
  Advance(batch, call);
  return 1;
}

void Drainer::Advance(std::span<const Change> batch, const Call& call) {
  mark_->sequence = batch.back().sequence;
  for (const Change& change : batch) {
    if (change.kind == ChangeKind::kLeft)
      p_.metrics.Left(change.room.product, std::string(ReasonName(static_cast<LeaveReason>(change.cause))));
  }
  p_.on_events();
  // What stays in the stream for an error is below the mark: the next trim takes it along.
  (void)p_.cell.admission().TrimChanges(mark_->sequence, call);
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
