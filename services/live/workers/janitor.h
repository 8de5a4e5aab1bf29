// Adds what was counted in memory to its days, and deletes what is kept no longer.
#pragma once

#include "services/live/day_counter.h"
#include "services/live/metrics.h"
#include "services/live/settings.h"
#include "services/live/store/store.h"

namespace trivium::live {

// Each step: true when there is more to do at once.
class Janitor {
 public:
  // All of them outlive it.
  Janitor(WorkerOptions options, Store& store, DayCounter& counter, Clock& clock, LiveMetrics& metrics)
      : options_(options), store_(store), counter_(counter), clock_(clock), metrics_(metrics) {}
  bool AddCounts();
  bool Purge();

 private:
  const WorkerOptions options_;
  Store& store_;
  DayCounter& counter_;
  Clock& clock_;
  LiveMetrics& metrics_;
};

}  // namespace trivium::live
