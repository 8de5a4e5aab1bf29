#include "services/push/store/mysql_recipients.h"

#include <algorithm>
#include <utility>

#include "libs/status/status.h"
#include "services/push/store/errors.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

constexpr size_t kPageUsers = 5'000;  // Of a list that stands alone.

std::unique_ptr<UserStream> OpenList(std::vector<std::string> users) {
  std::ranges::sort(users);
  users.erase(std::unique(users.begin(), users.end()), users.end());
  const auto read = [users = std::move(users)](const std::string& from, size_t limit) {
    const auto first = std::ranges::lower_bound(users, from);
    const size_t count = std::min(limit, static_cast<size_t>(users.end() - first));
    return absl::StatusOr<std::vector<std::string>>({first, first + static_cast<int64_t>(count)});
  };
  return OpenPages(read, kPageUsers);
}

std::unique_ptr<UserStream> OpenRoom(mysql::Connection& db, const Message& m, const std::vector<std::string>& present) {
  std::vector<std::unique_ptr<UserStream>> inputs;
  const auto read = [&db, &m](const std::string& from, size_t limit) {
    return ReadMembers(db, m.product, m.target.value, from, limit);
  };
  inputs.push_back(OpenPages(read, kPageUsers));
  inputs.push_back(OpenList(present));
  return OpenUnion(std::move(inputs));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> MysqlAudienceReader::ReadUsers(const AudienceLeaf& leaf,
                                                                        const std::string& from, size_t limit) {
  mysql::Values parameters = {product_};
  if (!leaf.key.empty()) parameters.emplace_back(leaf.key);
  if (leaf.value) parameters.emplace_back(mysql::Blob{*leaf.value});
  parameters.emplace_back(from);
  parameters.emplace_back(static_cast<int64_t>(limit));
  const char* statement = leaf.key.empty() ? sql::kAllUsers : leaf.value ? sql::kUsersOfValue : sql::kUsersOfKey;
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db_.Query(statement, parameters));
  return TextsOf(rows);
}

absl::StatusOr<std::vector<std::string>> ReadMembers(mysql::Connection& db, const std::string& product,
                                                     const std::string& room_id, const std::string& from,
                                                     size_t limit) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                           db.Query(sql::kListMembers, {product, room_id, from, static_cast<int64_t>(limit)}));
  return TextsOf(rows);
}

absl::StatusOr<std::unique_ptr<UserStream>> OpenRecipients(mysql::Connection& db, AudienceReader& reader,
                                                           const Message& m, const std::vector<std::string>& present) {
  switch (m.target.kind) {
    case TargetKind::kUser:
      return OpenList({m.target.value});
    case TargetKind::kRoom:
      return OpenRoom(db, m, present);
    case TargetKind::kProduct:
      return Open({}, reader, kPageUsers);
    case TargetKind::kAudience: {
      TRIVIUM_ASSIGN_OR_RETURN(const AudiencePlan plan, PlanOfExpression(m.target.value));
      return Open(plan, reader);
    }
  }
  return absl::InternalError("a target of no kind");
}

}  // namespace trivium::push
