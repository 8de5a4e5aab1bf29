#include "services/ops/store/activities.h"

#include "libs/mysql/mysql.h"
#include "libs/status/status.h"

namespace trivium::ops {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO activity (product, event_id, event_time, kind, subject_id, order_ref, state, amount_minor, "
    "currency_code) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
// By index newest, backwards.
constexpr std::string_view kNewest =
    "SELECT event_id, event_time, kind, subject_id, order_ref, state, amount_minor, currency_code FROM activity "
    "WHERE product = ? ORDER BY event_time DESC, event_id DESC LIMIT ?";
// By index by_time.
constexpr std::string_view kPurge = "DELETE FROM activity WHERE event_time < ? ORDER BY event_time LIMIT 10000";

}  // namespace

absl::Status InsertActivity(mysql::Connection& db, const ActivityRecord& a) {
  return db
      .Execute(kInsert, {a.product, mysql::Blob{a.event_id.ToBytes()}, a.time, a.kind, a.subject_id, a.order_ref,
                         a.state, a.amount_minor, a.currency_code})
      .status();
}

absl::StatusOr<std::vector<ActivityRecord>> NewestActivities(mysql::Connection& db, std::string_view product,
                                                             int limit) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(kNewest, {std::string(product), int64_t{limit}}));
  std::vector<ActivityRecord> activities;
  activities.reserve(rows.size());
  for (const mysql::Row& row : rows) {
    TRIVIUM_ASSIGN_OR_RETURN(const Id id, Id::FromBytes(row.Text(0)));
    activities.push_back({std::string(product), id, row.Time(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5),
                          row.Int(6), row.Text(7)});
  }
  return activities;
}

absl::Status PurgeActivities(mysql::Connection& db, absl::Time before) { return db.Execute(kPurge, {before}).status(); }

}  // namespace trivium::ops
