#include "services/push/store/mysql_answers.h"

#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/push/store/errors.h"
#include "services/push/store/mysql_ledger.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {

using mysql::Blob;
using mysql::Value;
using mysql::Values;

absl::StatusOr<std::optional<StoredAnswer>> FindAnswer(mysql::Connection& db, const RequestKey& key) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                           db.Query(sql::kGetRequest, {key.product, ToValue(key.method), key.request_id}));
  if (rows.empty()) return std::nullopt;
  const mysql::Row& row = rows[0];
  TRIVIUM_RETURN_IF_ERROR(CheckFingerprint(key.method, row.Text(0), key.fingerprint));
  StoredAnswer answer{.message_id = IdAt(row, 4), .number = row.Int(5)};
  if (row.Int(1) != 0)
    answer.status = StatusFromDetails(static_cast<absl::StatusCode>(row.Int(1)), row.Text(2), row.Text(3));
  return answer;
}

absl::Status RecordAnswer(mysql::Connection& db, const RequestKey& key, const StoredAnswer& answer, absl::Time now) {
  const Values row = {key.product,
                      ToValue(key.method),
                      key.request_id,
                      Blob{key.fingerprint},
                      static_cast<int64_t>(answer.status.code()),
                      std::string(answer.status.message()),
                      Blob{SerializeDetails(answer.status)},
                      answer.message_id.IsZero() ? Value() : ToValue(answer.message_id),
                      answer.number,
                      now};
  return DuplicateMeansAgain(db.ExecuteMany(sql::kInsertRequest, {&row, 1}).status());
}

}  // namespace trivium::push
