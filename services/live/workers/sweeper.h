// Looks once more after rooms that are over: gives back what a start that died, or a race with the closing, has left in
// the admission, and ends stays of which nobody tells any more (a Redis that came back somewhat older).
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "services/live/cell.h"
#include "services/live/metrics.h"
#include "services/live/store/store.h"
#include "services/live/workers/leader.h"

namespace trivium::live {

// Not thread-safe: of one worker's thread.
class Sweeper {
 public:
  static constexpr absl::Duration kSettled = absl::Minutes(2);  // Longer than any call goes on.
  static constexpr absl::Duration kLookBack = absl::Hours(24);  // Of a new leader.
  static constexpr absl::Duration kWindow = absl::Minutes(10);  // Of one step.

  struct Parts {
    Cell& cell;
    Store& store;
    DayOf day_of;
    std::function<void()> on_events;
    Clock& clock;
    LiveMetrics& metrics;
  };
  // All of them, and leader, outlive it.
  Sweeper(Leader& leader, Parts parts) : leader_(leader), p_(std::move(parts)) {}
  // True when there is more to do at once.
  bool Step();

 private:
  absl::StatusOr<bool> Sweep(absl::Time deadline);
  // Places of open rooms that have moved to another cell.
  absl::Status GiveBackWhatWasLeft(absl::Time deadline);
  absl::Status GiveBackPlacesOf(const RoomId& room, absl::Time deadline);
  absl::Status SweepRoom(const Room& room, absl::Time deadline);

  Leader& leader_;
  const Parts p_;
  std::optional<absl::Time> from_;  // Rooms that were over before it have been looked at.
};

}  // namespace trivium::live
