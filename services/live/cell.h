// The cell's admission as the service and the workers use it: capacities told, rooms opened and closed, and everything
// told again after a loss of Redis.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/clock/clock.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "services/live/admission/admission.h"
#include "services/live/metrics.h"
#include "services/live/profiles.h"
#include "services/live/store/store.h"

namespace trivium::live {

// The admission cannot be asked: UNAVAILABLE ADMISSION_UNAVAILABLE with RetryInfo for what is Redis' own; what the
// admission itself answered stays.
absl::Status AdmissionError(const absl::Status& status);

// Thread-safe.
class Cell {
 public:
  struct Parts {
    std::string name;
    Admission& admission;
    Store& store;
    Profiles& profiles;
    Capacities& capacities;
    std::function<std::vector<std::string>()> products;  // Those with a profile.
    Clock& clock;
    LiveMetrics& metrics;
  };
  // All of them outlive it.
  explicit Cell(Parts parts) : p_(std::move(parts)) {}

  Call CallUntil(absl::Time deadline) const;
  Admission& admission() { return p_.admission; }
  const std::string& name() const { return p_.name; }

  // Takes a room's staff slice: on the node that it has, else on the one with the most free RTC places that is not
  // draining. The node. FAILED_PRECONDITION CAPACITY_UNKNOWN; RESOURCE_EXHAUSTED LEVEL_FULL.
  absl::StatusOr<std::string> Open(const Room& room, bool restored, absl::Time deadline);
  // Puts out everybody and gives the slice back. OK for one that is not open.
  absl::Status Close(const RoomId& room, absl::Time deadline);

  // Runs an operation on a room that the database says is open; again after mending what its error says: state that is
  // lost is begun anew, a room that is not there is opened again, an outcome that is unknown is asked again.
  template <typename Result>
  absl::StatusOr<Result> Run(const Room& room, absl::Time deadline,
                             const std::function<absl::StatusOr<Result>(Admission&, const Call&)>& operation) {
    absl::StatusOr<Result> result = operation(p_.admission, CallUntil(deadline));
    for (int tries = 0; tries < kMaxMends && !result.ok(); ++tries) {
      if (!Mend(result.status(), &room, deadline)) break;
      result = operation(p_.admission, CallUntil(deadline));
    }
    if (!result.ok()) return AdmissionError(result.status());
    return result;
  }

  // Begins the admission's state when there is none. Of many who find it lost one does so; the others go on at once. A
  // room that somebody comes to is opened then; RestoreRooms brings the rest back. For the longest lease of the
  // products only who was in is admitted; at once everybody where no room was open.
  absl::Status Rebuild(absl::Time deadline);
  // Tells a new state all again: capacities, and rooms that are open. For one who has time for them all, and tries
  // again what could not be told; may be repeated.
  absl::Status RestoreRooms(absl::Time deadline);
  // Tells the capacities of now: platform, nodes, products, and institutions of open rooms.
  absl::Status TellCapacities(absl::Time deadline);

 private:
  static constexpr int kMaxMends = 3;  // Begun anew, opened there, and one lost answer.

  // Whether it is worth another try. room: nullptr for none.
  bool Mend(const absl::Status& error, const Room* room, absl::Time deadline);
  absl::Status TellCapacitiesOf(const Room& room, const Call& call);
  std::vector<Capacity> CommonCapacities() const;
  absl::Status SetCapacities(std::span<const Capacity> all, const Call& call);
  // False: there is a generation already.
  absl::StatusOr<bool> BeginAnew(const Call& call);
  absl::StatusOr<std::vector<std::string>> NodesByFreePlaces(const Call& call);
  absl::Status StartOn(const Room& room, const std::string& node, bool restored, const Call& call);
  // Calls for each open room of this cell.
  absl::Status EachOpenRoom(absl::Time deadline, const std::function<absl::Status(const Room&)>& work);
  // Of the products with a profile: so long it takes until everybody who was in has called again.
  absl::Duration LongestLease() const;

  const Parts p_;
  Mutex rebuild_mu_;  // One beginning at a time in this process; held for a few calls of Redis and MySQL.
};

}  // namespace trivium::live
