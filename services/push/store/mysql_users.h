// The transactions of users, tags and rooms.
#pragma once

#include <span>
#include <string>

#include "services/push/store/mysql_ledger.h"

namespace trivium::push {

// Reads and writes through one connection; writes want a transaction. RUN_AGAIN as elsewhere.
class MysqlUsers {
 public:
  explicit MysqlUsers(mysql::Connection& db) : db_(db) {}
  absl::Status See(const std::string& product, std::span<const std::string> user_ids, absl::Time now);
  // NOT_FOUND USER_NOT_FOUND.
  absl::StatusOr<User> Get(const std::string& product, const std::string& user_id);
  absl::StatusOr<User> UpdateTags(const TagUpdate& item);
  absl::StatusOr<int64_t> UpdateRoom(const RoomUpdate& item, Method method);

 private:
  absl::Status WriteTags(const TagUpdate& item);

  mysql::Connection& db_;
};

}  // namespace trivium::push
