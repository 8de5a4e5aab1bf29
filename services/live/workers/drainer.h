// Brings the admission's stream of changes into the database: each change once, in order, with its event. One leader
// per cell; that a second one would do no harm is the drain mark's doing.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "services/live/cell.h"
#include "services/live/metrics.h"
#include "services/live/store/store.h"
#include "services/live/workers/leader.h"

namespace trivium::live {

// Not thread-safe: of one worker's thread.
class Drainer {
 public:
  struct Parts {
    Cell& cell;
    Store& store;
    DayOf day_of;
    std::function<void()> on_events;
    Clock& clock;
    LiveMetrics& metrics;
  };
  // All of them, and leader, outlive it.
  Drainer(Leader& leader, Parts parts) : leader_(leader), p_(std::move(parts)) {}
  // True when there is more to do at once.
  bool Step();

 private:
  absl::StatusOr<bool> Drain(absl::Time deadline);
  absl::Status Apply(const std::vector<Change>& changes, const Call& call);
  // Ends stays that did not come back within the rebuild after a loss of Redis; before: everything drained.
  absl::Status EndLost(int64_t generation, absl::Time deadline);

  Leader& leader_;
  const Parts p_;
  std::optional<DrainMark> mark_;  // Nothing: ask the store.
  absl::Duration rests_until_;     // After trouble; on the clock's monotonic time.
};

}  // namespace trivium::live
