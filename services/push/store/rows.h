// Rows of the database as messages and deliveries, and back. Column orders: statements.h.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "libs/mysql/mysql.h"
#include "services/push/domain/message.h"

namespace trivium::push {

mysql::Value ToValue(const Id& id);
// NULL for InfinitePast and InfiniteFuture.
mysql::Value ToValue(absl::Time time);
mysql::Value ToValue(const std::string& text);
mysql::Value ToValue(int64_t number);
template <typename Enum>
requires std::is_enum_v<Enum> mysql::Value ToValue(Enum value) { return static_cast<int64_t>(value); }

void AppendCounts(const Counts& counts, mysql::Values* values);
// For kInsertMessage.
mysql::Values RowOf(const Message& message);
// For kUpdateMessage.
mysql::Values UpdateOf(const Message& message);
// For kInsertDelivery.
mysql::Values RowOf(const std::string& product, const Delivery& delivery);

Id IdAt(const mysql::Row& row, size_t column);
Counts CountsOf(const mysql::Row& row, size_t first_column);
Message MessageOf(const mysql::Row& row);
std::vector<Message> MessagesOf(const mysql::Rows& rows);
Delivery DeliveryOf(const mysql::Row& row);
// Column 0 of each row.
std::vector<std::string> TextsOf(const mysql::Rows& rows);
std::vector<Id> IdsOf(const mysql::Rows& rows);

}  // namespace trivium::push
