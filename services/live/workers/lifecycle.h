// Rooms by their timetable: started, ended, closed, canceled when nobody came.
#pragma once

#include <functional>
#include <string>

#include "services/live/cell.h"
#include "services/live/domain/room_rules.h"
#include "services/live/metrics.h"
#include "services/live/store/store.h"
#include "services/live/workers/leader.h"

namespace trivium::live {

// Not thread-safe: of one worker's thread.
class Lifecycle {
 public:
  struct Parts {
    Cell& cell;
    Store& store;
    DayOf day_of;
    std::function<bool(const std::string& product)> is_home;  // Whether this cell is the product's home.
    std::function<void()> on_events;
    Clock& clock;
    LiveMetrics& metrics;
  };
  // All of them, and leader, outlive it.
  Lifecycle(Leader& leader, Parts parts) : leader_(leader), p_(std::move(parts)) {}
  // True when there is more to do at once.
  bool Step();

 private:
  // Whether it moved.
  bool Follow(const Room& room, absl::Time now);
  absl::Status Do(const Room& room, const Due& due, absl::Time deadline);

  Leader& leader_;
  const Parts p_;
};

}  // namespace trivium::live
