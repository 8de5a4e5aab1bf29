// Keeps the cell's admission going: leases that are over, places for those who wait, capacities, gauges. From any
// number of instances at once.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "services/live/cell.h"
#include "services/live/metrics.h"
#include "services/live/profiles.h"

namespace trivium::live {

// Each step is of one worker's thread. True: there is more to do at once.
class Keeper {
 public:
  struct Parts {
    Cell& cell;
    Capacities& capacities;
    std::function<std::vector<std::string>()> products;
    int64_t max_changes;  // AdmissionOptions'.
    Clock& clock;
    LiveMetrics& metrics;
  };
  // All of them outlive it.
  explicit Keeper(Parts parts) : p_(std::move(parts)) {}
  bool ExpireLeases();
  bool AdmitWaiting();
  // Tells the admission capacities that have changed.
  bool TellCapacities();
  bool Count();
  // Walks through all rooms of the cell: what each product has open.
  bool CountRooms();

 private:
  bool Run(const char* worker, const std::function<absl::StatusOr<Batch>(Admission&, const Call&)>& step);

  // False: the admission does not answer.
  bool CountCell(const Call& call);
  // Age of the oldest change that is yet to be stored: said by every instance, as there may be no leader to drain.
  void TellDrainLag(const CellCounts& counts, const Call& call);

  const Parts p_;
  std::set<std::string> counted_;  // Products that had a room when CountRooms last looked.
  int64_t told_ = -1;  // Generation of the capacities that the admission knows.
};

}  // namespace trivium::live
