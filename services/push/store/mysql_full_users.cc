#include "services/push/store/mysql_full_users.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/status/status.h"
#include "services/push/domain/message.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

using mysql::Rows;
using mysql::Value;
using mysql::Values;

constexpr size_t kUsersAtOnce = 500;

// Parts of a list, each of at most kUsersAtOnce: from `first` on, then those before it.
std::vector<std::vector<std::string>> Parts(const std::vector<std::string>& users, size_t first = 0) {
  std::vector<std::vector<std::string>> parts;
  for (const auto& [begin, end] : {std::pair(first, users.size()), std::pair(size_t{0}, first)}) {
    for (size_t at = begin; at < end; at += kUsersAtOnce) {
      parts.emplace_back(users.begin() + static_cast<std::ptrdiff_t>(at),
                         users.begin() + static_cast<std::ptrdiff_t>(std::min(at + kUsersAtOnce, end)));
    }
  }
  return parts;
}

std::vector<Value> ValuesOf(const std::vector<std::string>& users) { return {users.begin(), users.end()}; }

}  // namespace

absl::StatusOr<MysqlFullUsers::ByUser> MysqlFullUsers::CountPending(const std::string& product,
                                                                    const std::vector<std::string>& users,
                                                                    int64_t rows) {
  Values parameters = {product, ToValue(DeliveryState::kPending)};
  const std::string statement =
      sql::WithIn(sql::kPendingOfUsers, ValuesOf(users), &parameters, sql::kPendingOfUsersEnd);
  parameters.emplace_back(rows);
  TRIVIUM_ASSIGN_OR_RETURN(const Rows found, db_.Query(statement, parameters));
  ByUser counts;
  for (const mysql::Row& row : found) counts[row.Text(0)] = row.Int(1);
  return counts;
}

absl::StatusOr<std::set<std::string>> MysqlFullUsers::Among(const std::string& product,
                                                            const std::vector<std::string>& users, int64_t max_pending,
                                                            size_t first, Backlogs* backlogs) {
  std::set<std::string> full;
  for (const std::vector<std::string>& part : Parts(users)) {
    Values parameters = {product, max_pending};
    const std::string statement = sql::WithIn(sql::kMarkedFull, ValuesOf(part), &parameters);
    TRIVIUM_ASSIGN_OR_RETURN(const Rows marked, db_.Query(statement, parameters));
    for (std::string& user : TextsOf(marked)) full.insert(std::move(user));
  }
  std::vector<std::string> others;
  std::ranges::copy_if(users, std::back_inserter(others),
                       [&](const std::string& user) { return !full.contains(user); });
  if (others.empty()) return full;
  int64_t rows = std::max(rows_max_, max_pending);
  for (const std::vector<std::string>& part : Parts(others, first % others.size())) {
    if (rows <= 0) break;
    TRIVIUM_ASSIGN_OR_RETURN(const ByUser counts, CountPending(product, part, rows));
    for (const auto& [user, pending] : counts) {
      rows -= pending;
      if (pending < max_pending) continue;
      full.insert(user);
      backlogs->full[product][user] = pending;
    }
  }
  return full;
}

absl::Status MysqlFullUsers::Follow(const Backlogs& backlogs) {
  for (const auto& [product, users] : backlogs.moved_of) {
    TRIVIUM_ASSIGN_OR_RETURN(const bool some, IsAnyMarked(product));
    if (some) TRIVIUM_RETURN_IF_ERROR(Unmark(product, {users.begin(), users.end()}));
  }
  for (const auto& [product, messages] : backlogs.moved_messages) {
    TRIVIUM_ASSIGN_OR_RETURN(const bool some, IsAnyMarked(product));
    if (some) TRIVIUM_RETURN_IF_ERROR(UnmarkRecipients(product, messages));
  }
  for (const auto& [product, full] : backlogs.full) TRIVIUM_RETURN_IF_ERROR(Mark(product, full, backlogs.count_time));
  return absl::OkStatus();
}

absl::Status MysqlFullUsers::Mark(const std::string& product, const ByUser& full, absl::Time now) {
  std::vector<Values> rows;
  for (const auto& [user, pending] : full) rows.push_back({product, user, pending, ToValue(now)});
  TRIVIUM_RETURN_IF_ERROR(db_.ExecuteMany(sql::kMarkFull, rows).status());
  return Recount(product, full).status();
}

absl::Status MysqlFullUsers::Unmark(const std::string& product, const std::vector<std::string>& users) {
  for (const std::vector<std::string>& part : Parts(users)) {
    Values parameters = {product};
    const std::string statement = sql::WithIn(sql::kUnmarkFull, ValuesOf(part), &parameters);
    TRIVIUM_RETURN_IF_ERROR(db_.Execute(statement, parameters).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> MysqlFullUsers::IsAnyMarked(const std::string& product) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows some, db_.Query(sql::kSomeMarkedFull, {product}));
  return !some.empty();
}

absl::Status MysqlFullUsers::UnmarkRecipients(const std::string& product, const std::set<Id>& messages) {
  for (const Id& message : messages) {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows marked, db_.Query(sql::kMarkedOfMessage, {product, ToValue(message)}));
    TRIVIUM_RETURN_IF_ERROR(Unmark(product, TextsOf(marked)));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> MysqlFullUsers::Recount(const std::string& product, const ByUser& marked) {
  std::vector<std::string> users, fewer;
  int64_t rows = 1;
  for (const auto& [user, pending] : marked) {
    users.push_back(user);
    rows += 2 * pending;
  }
  for (const std::vector<std::string>& part : Parts(users)) {
    TRIVIUM_ASSIGN_OR_RETURN(ByUser counts, CountPending(product, part, rows));
    std::ranges::copy_if(part, std::back_inserter(fewer),
                         [&](const std::string& user) { return counts[user] < marked.at(user); });
  }
  TRIVIUM_RETURN_IF_ERROR(Unmark(product, fewer));
  return static_cast<int64_t>(fewer.size());
}

absl::StatusOr<int64_t> MysqlFullUsers::Verify(absl::Time now, int limit) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db_.Query(sql::kListMarkedFull, {ToValue(now), int64_t{limit}}));
  std::map<std::string, ByUser> marked;
  for (const mysql::Row& row : rows) marked[row.Text(0)][row.Text(1)] = row.Int(2);
  int64_t unmarked = 0;
  for (const auto& [product, users] : marked) {
    // Before they are counted: what frees one from now on finds the mark.
    std::vector<std::string> names;
    for (const auto& [user, pending] : users) names.push_back(user);
    for (const std::vector<std::string>& part : Parts(names)) {
      Values parameters = {ToValue(now), product};
      const std::string statement = sql::WithIn(sql::kTouchMarkedFull, ValuesOf(part), &parameters);
      TRIVIUM_RETURN_IF_ERROR(db_.Execute(statement, parameters).status());
    }
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t fewer, Recount(product, users));
    unmarked += fewer;
  }
  return unmarked;
}

}  // namespace trivium::push
