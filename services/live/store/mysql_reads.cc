// What reads rooms, bans, announcements and events. Stays: mysql_stays.cc.
#include <algorithm>
#include <iterator>

#include "libs/event_feed/outbox_source.h"
#include "libs/status/status.h"
#include "services/live/store/errors.h"
#include "services/live/store/mysql_store.h"
#include "services/live/store/rows.h"
#include "services/live/store/statements.h"

namespace trivium::live {
namespace {

using mysql::Blob;
using mysql::Row;
using mysql::Rows;
using mysql::Value;
using mysql::Values;

// All ids are below it.
Value BeforeOrEnd(const Id& before) { return before.IsZero() ? Blob{std::string(16, '\xff')} : ToValue(before); }

}  // namespace

absl::StatusOr<Room> MysqlStore::GetRoom(const std::string& product, const Id& room_id, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("get_room", deadline, sql::kGetRoom, {product, ToValue(room_id)}));
  if (rows.empty()) return RoomNotFound();
  return RoomOf(rows[0]);
}

absl::StatusOr<Room> MysqlStore::GetRoomByRef(const std::string& product, const std::string& room_ref,
                                              absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("get_room_by_ref", deadline, sql::kGetRoomByRef, {product, Blob{room_ref}}));
  if (rows.empty()) return RoomNotFound();
  return RoomOf(rows[0]);
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListRooms(const std::string& product, const RoomFilter& filter,
                                                        absl::Time deadline) {
  const Value before = BeforeOrEnd(filter.before);
  const auto limit = static_cast<int64_t>(filter.limit);
  const auto state = [&](RoomState otherwise) { return static_cast<int64_t>(filter.state.value_or(otherwise)); };
  const char* statement = sql::kListRooms;
  Values parameters = {product};
  if (!filter.institution_id.empty()) {
    statement = sql::kListRoomsOfInstitution;
    parameters.insert(parameters.end(),
                      {filter.institution_id, state(RoomState::kScheduled), state(RoomState::kCanceled)});
  } else if (filter.state) {
    statement = sql::kListRoomsInState;
    parameters.emplace_back(state(RoomState::kLive));
  }
  parameters.insert(parameters.end(), {before, limit});
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_rooms", deadline, statement, parameters));
  return RoomsOf(rows);
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListDueRooms(absl::Time now, int skip, int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_due_rooms", deadline, sql::kListDueRooms,
                                                 {now, static_cast<int64_t>(limit), static_cast<int64_t>(skip)}));
  return RoomsOf(rows);
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListRoomsOver(absl::Time from, absl::Time to, int limit,
                                                            absl::Time deadline) {
  std::vector<Room> rooms;
  // Each state by itself: the index is in order of time in one state only.
  for (const RoomState state : {RoomState::kClosed, RoomState::kCanceled}) {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_rooms_over", deadline, sql::kListRoomsOver,
                                                   {static_cast<int64_t>(state), from, to, int64_t{limit}}));
    std::ranges::transform(rows, std::back_inserter(rooms), RoomOf);
  }
  std::ranges::stable_sort(rooms, {}, &Room::update_time);
  if (rooms.size() > static_cast<size_t>(limit)) rooms.resize(static_cast<size_t>(limit));
  return rooms;
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListOpenRooms(const std::string& cell, const Id& after, int limit,
                                                            absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_open_rooms", deadline, sql::kListOpenRooms,
                                                 {cell, ToValue(after), static_cast<int64_t>(limit)}));
  return RoomsOf(rows);
}

absl::StatusOr<std::vector<RoomId>> MysqlStore::ListRoomsThatLeft(const std::string& cell, const RoomId& after,
                                                                  int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const Rows rows, Read("list_rooms_that_left", deadline, sql::kListRoomsThatLeft,
                            {cell, after.product, after.product, ToValue(after.room_id), static_cast<int64_t>(limit)}));
  std::vector<RoomId> rooms;
  for (const Row& row : rows) rooms.push_back({row.Text(0), IdAt(row, 1)});
  return rooms;
}

absl::StatusOr<std::vector<Ban>> MysqlStore::ListBans(const RoomId& room, absl::Time now, int limit,
                                                      absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("list_bans", deadline, sql::kListBans,
                                {room.product, ToValue(room.room_id), now, static_cast<int64_t>(limit)}));
  std::vector<Ban> bans;
  for (const Row& row : rows) bans.push_back({row.Text(0), row.Time(1)});
  return bans;
}

absl::StatusOr<std::vector<std::string>> MysqlStore::ListUnannounced(absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_unannounced", deadline, sql::kListUnannounced, {}));
  std::vector<std::string> products;
  for (const Row& row : rows) products.push_back(row.Text(0));
  return products;
}

absl::StatusOr<std::optional<int64_t>> MysqlStore::GetAnnounceMark(const std::string& product, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("get_announce_mark", deadline, sql::kGetAnnounceMark, {product}));
  if (rows.empty()) return std::nullopt;
  return rows[0].Int(0);
}

absl::StatusOr<std::vector<StoredEvent>> MysqlStore::ListEvents(const std::string& product, int64_t after, int limit,
                                                                absl::Time deadline) {
  return ListOutboxEvents(pool_, product, after, limit, deadline);
}

absl::StatusOr<EventRange> MysqlStore::RangeOfEvents(const std::string& product, absl::Time deadline) {
  return RangeOfOutboxEvents(pool_, product, deadline);
}

absl::StatusOr<std::vector<Stay>> MysqlStore::ListStaysOfRoom(const std::string& product, const Id& room_id,
                                                              const Id& before, int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("list_stays_of_room", deadline, sql::kListStaysOfRoom,
                                {product, ToValue(room_id), BeforeOrEnd(before), static_cast<int64_t>(limit)}));
  std::vector<Stay> stays;
  std::ranges::transform(rows, std::back_inserter(stays), StayOf);
  return stays;
}

absl::StatusOr<std::vector<Stay>> MysqlStore::ListStaysOfUser(const std::string& product, const std::string& user_id,
                                                              const Id& before, int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_stays_of_user", deadline, sql::kListStaysOfUser,
                                                 {product, user_id, BeforeOrEnd(before), static_cast<int64_t>(limit)}));
  std::vector<Stay> stays;
  std::ranges::transform(rows, std::back_inserter(stays), StayOf);
  return stays;
}

absl::StatusOr<std::vector<StoredEvent>> MysqlStore::ListRoomEvents(const std::string& product, const Id& room_id,
                                                                    int64_t before, int limit, absl::Time deadline) {
  const int64_t below = before == 0 ? INT64_MAX : before;
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("list_room_events", deadline, sql::kListRoomEvents,
                                {product, FormatId(kRoomIdKind, room_id), below, static_cast<int64_t>(limit)}));
  std::vector<StoredEvent> events;
  for (const Row& row : rows) events.push_back({row.Int(0), row.Text(1)});
  return events;
}

}  // namespace trivium::live
