#include "services/push/store/mysql_users.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "libs/status/status.h"
#include "services/push/store/errors.h"
#include "services/push/store/mysql_answers.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {

using mysql::Blob;
using mysql::Value;
using mysql::Values;

absl::Status MysqlUsers::See(const std::string& product, std::span<const std::string> user_ids, absl::Time now) {
  std::vector<Values> rows;
  // Sorted: rows are locked in one order.
  for (const std::string& user : std::set<std::string>(user_ids.begin(), user_ids.end())) {
    rows.push_back({product, user, ToValue(now)});
  }
  return db_.ExecuteMany(sql::kSeeUsers, rows).status();
}

absl::StatusOr<User> MysqlUsers::Get(const std::string& product, const std::string& user_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db_.Query(sql::kGetUser, {product, user_id}));
  if (rows.empty()) return UserNotFound();
  User user{.user_id = user_id, .create_time = rows[0].Time(0)};
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows tags, db_.Query(sql::kGetTags, {product, user_id}));
  for (const mysql::Row& row : tags) user.tags[row.Text(0)] = row.Text(1);
  return user;
}

absl::Status MysqlUsers::WriteTags(const TagUpdate& item) {
  std::vector<Value> removed(item.remove.begin(), item.remove.end());
  if (!removed.empty()) {
    Values parameters = {item.product, item.user_id};
    const std::string statement = sql::WithIn(sql::kRemoveTags, removed, &parameters);
    TRIVIUM_RETURN_IF_ERROR(db_.Execute(statement, parameters).status());
  }
  std::vector<Values> rows;
  for (const auto& [key, value] : item.set) rows.push_back({item.product, item.user_id, key, Blob{value}});
  return db_.ExecuteMany(sql::kSetTags, rows).status();
}

absl::StatusOr<User> MysqlUsers::UpdateTags(const TagUpdate& item) {
  const RequestKey key{item.product, Method::kUpdateUserTags, item.request_id, item.fingerprint};
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredAnswer> before, FindAnswer(db_, key));
  if (before) return Get(item.product, item.user_id);
  TRIVIUM_RETURN_IF_ERROR(See(item.product, {&item.user_id, 1}, item.now));
  // Updates of one user's tags come one after the other: the limit is of all of them together.
  TRIVIUM_RETURN_IF_ERROR(db_.Query(sql::kLockUser, {item.product, item.user_id}).status());
  TRIVIUM_RETURN_IF_ERROR(WriteTags(item));
  TRIVIUM_ASSIGN_OR_RETURN(User user, Get(item.product, item.user_id));
  if (user.tags.size() > kUserTagsMax) return TooManyTags(user.tags.size());
  TRIVIUM_RETURN_IF_ERROR(RecordAnswer(db_, key, {}, item.now));
  return user;
}

absl::StatusOr<int64_t> MysqlUsers::UpdateRoom(const RoomUpdate& item, Method method) {
  const RequestKey key{item.product, method, item.request_id, item.fingerprint};
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredAnswer> before, FindAnswer(db_, key));
  if (before) return before->number;
  const std::set<std::string> users(item.user_ids.begin(), item.user_ids.end());
  mysql::Changed changed;
  if (method == Method::kAddRoomMembers) {
    TRIVIUM_RETURN_IF_ERROR(See(item.product, item.user_ids, item.now));
    std::vector<Values> rows;
    for (const std::string& user : users) rows.push_back({item.product, item.room_id, user, ToValue(item.now)});
    TRIVIUM_ASSIGN_OR_RETURN(changed, db_.ExecuteMany(sql::kAddMembers, rows));
  } else if (!users.empty()) {
    Values parameters = {item.product, item.room_id};
    const std::string statement = sql::WithIn(sql::kRemoveMembers, {users.begin(), users.end()}, &parameters);
    TRIVIUM_ASSIGN_OR_RETURN(changed, db_.Execute(statement, parameters));
  }
  TRIVIUM_RETURN_IF_ERROR(RecordAnswer(db_, key, {.number = changed.rows}, item.now));
  return changed.rows;
}

}  // namespace trivium::push
