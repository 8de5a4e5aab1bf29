#include "services/live/workers/lifecycle.h"

#include "libs/log/log.h"
#include "libs/status/error.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr int kAtOnce = 500, kMaxLooked = 20'000;

}  // namespace

bool Lifecycle::Step() {
  if (!leader_.Leads()) return false;
  const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now()));
  int64_t moved = 0;
  int skip = 0;  // Those that do not move stay at the head of the list: other cells', and what cannot be now.
  for (bool full = true; full && moved + skip < kMaxLooked;) {
    const absl::StatusOr<std::vector<Room>> rooms =
        p_.store.ListDueRooms(now, skip, kAtOnce, p_.clock.Now() + kPatience);
    if (!rooms.ok()) {
      p_.metrics.Worked("lifecycle", "failed");
      break;
    }
    full = rooms->size() == static_cast<size_t>(kAtOnce);
    for (const Room& room : *rooms) {
      if (!leader_.Leads()) return false;
      if (Follow(room, now)) {
        ++moved;
      } else {
        ++skip;
      }
    }
  }
  p_.metrics.Worked("lifecycle", "done", moved);
  if (moved > 0) p_.on_events();
  return false;
}

bool Lifecycle::Follow(const Room& room, absl::Time now) {
  const std::optional<Due> due = DueAt(room, now);
  if (!due || (room.cell != p_.cell.name() && !p_.is_home(room.product))) return false;
  const absl::Status status = Do(room, *due, p_.clock.Now() + kPatience);
  if (status.ok()) return true;
  p_.metrics.Worked("lifecycle", "failed");
  TRIVIUM_LOG(kWarning, "a room did not follow its timetable, and is tried again",
              {"room", FormatId(kRoomIdKind, room.id)}, {"product", room.product}, {"error", status});
  return false;
}

absl::Status Lifecycle::Do(const Room& room, const Due& due, absl::Time deadline) {
  const RoomId id{room.product, room.id};
  RoomChange change{.product = room.product, .room_id = room.id, .step = {.event = due.event, .reason = due.reason}};
  change.now = absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now()));
  change.day = p_.day_of(room.product, change.now);
  if (due.event == RoomEvent::kStarted) {
    change.step.cell = p_.cell.name();
    absl::StatusOr<std::string> node = p_.cell.Open(room, false, deadline);
    if (!node.ok()) p_.metrics.StartRefused(room.product, ReasonOf(node.status()));
    TRIVIUM_RETURN_IF_ERROR(node.status());
    change.step.node = *std::move(node);
  }
  // Empty first: a room that the database calls CLOSED has nobody in it, and holds no places.
  if (due.event == RoomEvent::kClosed || due.event == RoomEvent::kCanceled)
    TRIVIUM_RETURN_IF_ERROR(p_.cell.Close(id, deadline));
  const absl::StatusOr<Room> after = std::move(p_.store.ChangeRooms({&change, 1}, deadline)[0]);
  if (due.event == RoomEvent::kStarted && ReasonOf(after.status()) == "ROOM_OVER")
    TRIVIUM_RETURN_IF_ERROR(p_.cell.Close(id, deadline));
  TRIVIUM_RETURN_IF_ERROR(after.status());
  p_.metrics.RoomMoved(room.product, std::string(StateName(after->state)));
  return absl::OkStatus();
}

}  // namespace trivium::live
