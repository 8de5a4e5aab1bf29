#include "services/live/workers/sweeper.h"

#include <algorithm>

#include "libs/log/log.h"
#include "libs/status/status.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr int kRoomsAtOnce = 500, kStaysAtOnce = 500;

}  // namespace

bool Sweeper::Step() {
  if (!leader_.Leads()) {
    from_.reset();
    return false;
  }
  const absl::StatusOr<bool> more = Sweep(p_.clock.Now() + kPatience);
  if (more.ok()) return *more;
  p_.metrics.Worked("sweep", "failed");
  TRIVIUM_LOG(kWarning, "rooms that are over were not looked at again yet", {"error", more.status()});
  return false;
}

absl::StatusOr<bool> Sweeper::Sweep(absl::Time deadline) {
  const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now()));
  if (!from_) from_ = now - kLookBack;
  // Only rooms all of whose changes are stored: a stay that is still open then has nobody who will end it.
  TRIVIUM_ASSIGN_OR_RETURN(const DrainMark mark, p_.store.GetDrainMark(p_.cell.name(), deadline));
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Change> waiting,
                           p_.cell.admission().ReadChanges(mark.sequence, 1, p_.cell.CallUntil(deadline)));
  const absl::Time stored = waiting.empty() ? now : std::min(now, waiting[0].time);
  const absl::Time end = stored - kSettled, to = std::min(end, *from_ + kWindow);
  if (to <= *from_) return false;
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Room> rooms, p_.store.ListRoomsOver(*from_, to, kRoomsAtOnce, deadline));
  for (const Room& room : rooms) TRIVIUM_RETURN_IF_ERROR(SweepRoom(room, deadline));
  p_.metrics.Worked("sweep", "done", static_cast<int64_t>(rooms.size()));
  const bool full = rooms.size() == static_cast<size_t>(kRoomsAtOnce);
  from_ = full ? std::max(rooms.back().update_time, *from_ + absl::Microseconds(1)) : to;
  // What became old enough during this step is the next turn's: else one who has caught up would never rest.
  return *from_ < end;
}

// Of any cell: a room may have been in this one before its product moved away.
absl::Status Sweeper::SweepRoom(const Room& room, absl::Time deadline) {
  const RoomId id{room.product, room.id};
  TRIVIUM_RETURN_IF_ERROR(p_.cell.Close(id, deadline));
  for (int64_t ended = kStaysAtOnce; ended == kStaysAtOnce;) {
    TRIVIUM_ASSIGN_OR_RETURN(
        ended, p_.store.EndStaysOfRoom(p_.cell.name(), id, absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now())),
                                       p_.day_of, kStaysAtOnce, deadline));
    if (ended == 0) break;
    TRIVIUM_LOG(kWarning, "stays of a room that is over had nobody who would end them",
                {"room", FormatId(kRoomIdKind, room.id)}, {"product", room.product}, {"stays", ended});
    p_.on_events();
  }
  return absl::OkStatus();
}

}  // namespace trivium::live
