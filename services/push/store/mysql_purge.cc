#include <algorithm>
#include <iterator>
#include <map>

#include "libs/status/status.h"
#include "services/push/store/mysql_full_users.h"
#include "services/push/store/mysql_store.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {

using mysql::Rows;
using mysql::Value;
using mysql::Values;

constexpr int kVerifiedMax = 200;  // Users with too many pending, of one look.

absl::StatusOr<int64_t> MysqlStore::PurgeDeliveries(absl::Time before, int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows kept,
                           Read("list_kept", deadline, sql::kListKept, {before, static_cast<int64_t>(limit)}));
  int64_t purged = 0;
  for (const mysql::Row& row : kept) {
    if (purged == limit) break;
    const Values key = {row.Text(0), ToValue(IdAt(row, 1))};
    int64_t gone = 0;
    TRIVIUM_RETURN_IF_ERROR(Write("purge_deliveries", deadline, [&](const Writing& w) -> absl::Status {
      const int64_t left = limit - purged;
      TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed,
                               w.db.Execute(sql::kPurgeDeliveries, {key[0], key[1], left}));
      gone = changed.rows;
      if (gone == left) return absl::OkStatus();
      return w.db.Execute(sql::kForgetDeliveries, key).status();
    }));
    purged += gone;
  }
  return purged;
}

absl::StatusOr<int64_t> MysqlStore::PurgeMessages(absl::Time before, int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows ended,
                           Read("list_ended", deadline, sql::kListEnded, {before, static_cast<int64_t>(limit)}));
  std::map<std::string, std::vector<Value>> ids_of;
  for (const mysql::Row& row : ended) ids_of[row.Text(0)].push_back(ToValue(IdAt(row, 1)));
  int64_t purged = 0;
  for (const auto& [product, ids] : ids_of) {
    Values parameters = {product};
    const std::string statement = sql::WithIn(sql::kPurgeMessages, ids, &parameters);
    TRIVIUM_RETURN_IF_ERROR(Write("purge_messages", deadline, [&](const Writing& w) -> absl::Status {
      return w.db.Execute(statement, parameters).status();
    }));
    purged += static_cast<int64_t>(ids.size());
  }
  return purged;
}

absl::StatusOr<int64_t> MysqlStore::PurgeSome(const char* name, const char* statement, absl::Time before, int limit,
                                              absl::Time deadline) {
  int64_t purged = 0;
  TRIVIUM_RETURN_IF_ERROR(Write(name, deadline, [&](const Writing& w) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed,
                             w.db.Execute(statement, {before, static_cast<int64_t>(limit)}));
    purged = changed.rows;
    return absl::OkStatus();
  }));
  return purged;
}

absl::StatusOr<int64_t> MysqlStore::PurgeRecords(absl::Time now, int limit, absl::Time deadline) {
  const struct {
    const char* name;
    const char* statement;
    absl::Time before;
  } kKinds[] = {{"purge_requests", sql::kPurgeRequests, now - kRequestRetention},
                {"purge_dedupe", sql::kPurgeDedupe, now},
                {"purge_reports", sql::kPurgeReports, now - kReportRetention}};
  int64_t purged = 0;
  for (const auto& kind : kKinds) {
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t gone, PurgeSome(kind.name, kind.statement, kind.before, limit, deadline));
    purged += gone;
  }
  int64_t unmarked = 0;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("verify_full_users", deadline, [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(unmarked, MysqlFullUsers(db).Verify(now, std::min(limit, kVerifiedMax)));
    return absl::OkStatus();
  }));
  return purged + unmarked;
}

}  // namespace trivium::push
