#include "services/live/workers/sweeper.h"

#include <algorithm>

#include "libs/log/log.h"
#include "libs/status/status.h"
#include "services/live/domain/room_rules.h"

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
  TRIVIUM_RETURN_IF_ERROR(GiveBackWhatWasLeft(deadline));
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

absl::Status Sweeper::GiveBackWhatWasLeft(absl::Time deadline) {
  RoomId after;
  while (true) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<RoomId> rooms,
                             p_.store.ListRoomsThatLeft(p_.cell.name(), after, kRoomsAtOnce, deadline));
    for (const RoomId& room : rooms) TRIVIUM_RETURN_IF_ERROR(GiveBackPlacesOf(room, deadline));
    if (rooms.size() < static_cast<size_t>(kRoomsAtOnce)) return absl::OkStatus();
    after = rooms.back();
  }
}

absl::Status Sweeper::GiveBackPlacesOf(const RoomId& id, absl::Time deadline) {
  const absl::StatusOr<RoomCounts> counts = p_.cell.admission().CountRoom(id, p_.cell.CallUntil(deadline));
  if (!counts.ok() && counts.status().code() != absl::StatusCode::kNotFound) return counts.status();
  if (counts.ok()) {
    // Who is still in here has a lease that ends by itself; who renews it comes by an old route.
    if (std::ranges::any_of(counts->on, [](int64_t n) { return n > 0; })) return absl::OkStatus();
    const absl::StatusOr<Room> room = p_.store.GetRoom(id.product, id.room_id, deadline);
    const bool came_back = room.ok() && room->cell == p_.cell.name() && IsOpen(room->state);
    if (!came_back) TRIVIUM_RETURN_IF_ERROR(p_.cell.Close(id, deadline));
  }
  return p_.store.ForgetRoomThatLeft(p_.cell.name(), id, deadline);
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
