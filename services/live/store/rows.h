// Rooms and stays as rows. Columns: statements.h.
#pragma once

#include <vector>

#include "libs/mysql/mysql.h"
#include "services/live/domain/room.h"
#include "services/live/domain/stay.h"

namespace trivium::live {

mysql::Value ToValue(const Id& id);
mysql::Value ToValue(absl::Time time);  // NULL for infinite ones.
Id IdAt(const mysql::Row& row, size_t column);

mysql::Values RowOf(const Room& room);  // With held_ref and due_time.
mysql::Values UpdateOf(const Room& room);
Room RoomOf(const mysql::Row& row);
std::vector<Room> RoomsOf(const mysql::Rows& rows);
mysql::Values RowOf(const Stay& stay);
Stay StayOf(const mysql::Row& row);

}  // namespace trivium::live
