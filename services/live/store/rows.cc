#include "services/live/store/rows.h"

#include <algorithm>
#include <iterator>

#include "services/live/domain/room_rules.h"

namespace trivium::live {
namespace {

using mysql::Blob;
using mysql::Row;
using mysql::Rows;
using mysql::Value;
using mysql::Values;

constexpr size_t kFirstFull = 16;  // Of TRIVIUM_STAY_COLUMNS.

template <typename Enum>
Value Number(Enum value) {
  return static_cast<int64_t>(value);
}

Value HeldRef(const Room& room) { return HoldsRef(room.state) ? Value(Blob{room.room_ref}) : Value(); }
Value CloseDelay(const Room& room) { return absl::ToInt64Milliseconds(room.close_delay); }

Value FullLevel(const std::optional<Level>& level) { return level ? Number(*level) : Value(); }

}  // namespace

Value ToValue(const Id& id) { return Blob{id.ToBytes()}; }
Value ToValue(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return std::monostate();
  return time;
}
Id IdAt(const Row& row, size_t column) { return Id::FromBytes(row.Text(column)).value_or(Id()); }

Values RowOf(const Room& r) {
  return {r.product,
          ToValue(r.id),
          Blob{r.room_ref},
          Number(r.type),
          r.title,
          r.institution_id,
          ToValue(r.start_time),
          ToValue(r.end_time),
          Number(r.auto_start),
          Number(r.auto_end),
          Number(r.seats),
          Number(r.stage_size),
          Number(r.staff_slots),
          r.capacity[0],
          r.capacity[1],
          r.capacity[2],
          r.queue_size,
          CloseDelay(r),
          Number(r.state),
          Number(r.reason),
          r.cell,
          r.node,
          ToValue(r.live_time),
          ToValue(r.ended_time),
          ToValue(r.close_time),
          ToValue(r.create_time),
          ToValue(r.update_time),
          r.version,
          HeldRef(r),
          ToValue(NextDue(r))};
}

Values UpdateOf(const Room& r) {
  return {r.title,
          ToValue(r.start_time),
          ToValue(r.end_time),
          Number(r.auto_start),
          Number(r.auto_end),
          Number(r.seats),
          Number(r.stage_size),
          Number(r.staff_slots),
          r.capacity[0],
          r.capacity[1],
          r.capacity[2],
          CloseDelay(r),
          Number(r.state),
          Number(r.reason),
          r.cell,
          r.node,
          ToValue(r.live_time),
          ToValue(r.ended_time),
          ToValue(r.close_time),
          ToValue(r.update_time),
          r.version,
          HeldRef(r),
          ToValue(NextDue(r)),
          r.product,
          ToValue(r.id)};
}

Room RoomOf(const Row& row) {
  Room r;
  r.product = row.Text(0);
  r.id = IdAt(row, 1);
  r.room_ref = row.Text(2);
  r.type = static_cast<RoomType>(row.Int(3));
  r.title = row.Text(4);
  r.institution_id = row.Text(5);
  r.start_time = row.Time(6);
  r.end_time = row.Time(7);
  r.auto_start = row.Int(8) != 0;
  r.auto_end = row.Int(9) != 0;
  r.seats = static_cast<int>(row.Int(10));
  r.stage_size = static_cast<int>(row.Int(11));
  r.staff_slots = static_cast<int>(row.Int(12));
  r.capacity = {row.Int(13), row.Int(14), row.Int(15)};
  r.queue_size = row.Int(16);
  r.close_delay = absl::Milliseconds(row.Int(17));
  r.state = static_cast<RoomState>(row.Int(18));
  r.reason = static_cast<RoomReason>(row.Int(19));
  r.cell = row.Text(20);
  r.node = row.Text(21);
  r.live_time = row.Time(22);
  r.ended_time = row.Time(23);
  r.close_time = row.Time(24);
  r.create_time = row.Time(25);
  r.update_time = row.Time(26);
  r.version = row.Int(27);
  return r;
}

std::vector<Room> RoomsOf(const Rows& rows) {
  std::vector<Room> rooms;
  std::ranges::transform(rows, std::back_inserter(rooms), RoomOf);
  return rooms;
}

Values RowOf(const Stay& s) {
  const Place& p = s.place;
  return {s.product,
          ToValue(s.room_id),
          ToValue(p.join_id),
          s.user_id,
          Number(s.state),
          Number(s.reason),
          ToValue(s.leave_time),
          s.sequence,
          s.cell,
          p.epoch,
          Number(p.role),
          Number(p.rung),
          Number(p.seat),
          Number(p.slice),
          int64_t{(p.mute.audio ? 1 : 0) | (p.mute.video ? 2 : 0)},
          Number(p.why),
          FullLevel(p.full[0]),
          FullLevel(p.full[1]),
          FullLevel(p.full[2]),
          p.placed,
          p.ticket,
          ToValue(p.joined),
          ToValue(p.placed_at)};
}

Stay StayOf(const Row& row) {
  Stay s;
  s.product = row.Text(0);
  s.room_id = IdAt(row, 1);
  s.user_id = row.Text(3);
  s.state = static_cast<StayState>(row.Int(4));
  s.reason = static_cast<LeaveReason>(row.Int(5));
  s.leave_time = row.Time(6);
  s.sequence = row.Int(7);
  s.cell = row.Text(8);
  Place& p = s.place;
  p.join_id = IdAt(row, 2);
  p.epoch = row.Int(9);
  p.role = static_cast<Role>(row.Int(10));
  p.rung = static_cast<Rung>(row.Int(11));
  p.seat = static_cast<int>(row.Int(12));
  p.slice = row.Int(13) != 0;
  p.mute = {.audio = (row.Int(14) & 1) != 0, .video = (row.Int(14) & 2) != 0};
  p.why = static_cast<Why>(row.Int(15));
  for (size_t i = 0; i < p.full.size(); ++i) {
    if (!row.IsNull(kFirstFull + i)) p.full[i] = static_cast<Level>(row.Int(kFirstFull + i));
  }
  p.placed = row.Int(19);
  p.ticket = row.Int(20);
  p.joined = row.Time(21);
  p.placed_at = row.Time(22);
  return s;
}

}  // namespace trivium::live
