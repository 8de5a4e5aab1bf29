// Brings the admission's stream of changes into the database: each change once, in order, with its event. One leader
// per cell; that a second one would do no harm is the drain mark's doing. A batch that takes too long, or cannot be
// stored, is halved; a change that cannot be stored by itself is set aside in the database, and the others go on.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "services/live/cell.h"
#include "services/live/metrics.h"
#include "services/live/store/store.h"
#include "services/live/workers/leader.h"

namespace trivium::live {

// Not thread-safe: of one worker's thread.
class Drainer {
 public:
  // Changes in a row that are set aside: with more the database is broken, not they.
  static constexpr int kMaxAside = 20;

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
  // How many of the changes are behind us now; fewer than all: there is more to do at once.
  absl::StatusOr<size_t> Apply(std::span<const Change> changes, const Call& call);
  // After a batch that could not be stored.
  absl::StatusOr<size_t> Retreat(std::span<const Change> batch, const absl::Status& why, const Call& call);
  // The changes are in the database.
  void Advance(std::span<const Change> batch, const Call& call);
  // Ends stays that did not come back within the rebuild after a loss of Redis; before: everything drained.
  absl::Status EndLost(int64_t generation, absl::Time deadline);

  Leader& leader_;
  const Parts p_;
  std::optional<DrainMark> mark_;     // Nothing: ask the store.
  size_t at_once_ = kMaxChangesRead;  // Changes of a batch.
  int aside_in_row_ = 0;
  int64_t restored_ = 0;        // Generation whose rooms were brought back.
  absl::Duration rests_until_;  // After trouble; on the clock's monotonic time.
};

}  // namespace trivium::live
