#include "services/push/store/mysql_counts.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "libs/status/status.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/errors.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

using mysql::Blob;
using mysql::Value;
using mysql::Values;

constexpr size_t kIdsPerRead = 1'000;

// What a message is that only its counts are known of.
Message Unrecorded(const std::string& product, const Id& id, const Counts& counts, absl::Time now) {
  Message m;
  m.id = id;
  m.product = product;
  m.message_class = MessageClass{};
  m.state = MessageState::kSent;
  m.create_time = m.update_time = m.expire_time = now;
  m.counts = counts;
  return m;
}

Values FillInOf(const Message& m) {
  return {Blob{m.fingerprint},    ToValue(m.target.kind), Blob{m.target.value},   ToValue(m.message_class),
          Blob{m.dedupe_key},     Blob{m.collapse_key},   ToValue(m.priority),    ToValue(m.state),
          ToValue(m.create_time), ToValue(m.update_time), ToValue(m.expire_time), ToValue(m.day),
          ToValue(m.trace_id),    ToValue(m.version),     Blob{m.data},           ToValue(m.channel),
          ToValue(m.product),     ToValue(m.id)};
}

}  // namespace

absl::StatusOr<MysqlCounts::Found> MysqlCounts::LockRows(const std::string& product, const std::vector<Id>& ids) {
  std::vector<Value> values;
  std::ranges::transform(ids, std::back_inserter(values), [](const Id& id) { return ToValue(id); });
  Values parameters = {product};
  const std::string statement = sql::WithIn(sql::kLockCounts, values, &parameters, sql::kLockMessagesEnd);
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(statement, parameters));
  Found found;
  for (const mysql::Row& row : rows) {
    const bool waits = row.Int(1) == 0;
    found[IdAt(row, 0)] = waits ? std::optional(CountsOf(row, 3)) : std::nullopt;
  }
  return found;
}

absl::Status MysqlCounts::Record(std::span<const Message> messages) {
  std::vector<Id> ids;
  std::ranges::transform(messages, std::back_inserter(ids), &Message::id);
  const std::string& product = messages[0].product;
  TRIVIUM_ASSIGN_OR_RETURN(const Found found, LockRows(product, ids));
  MysqlLedger ledger(w_, product, messages[0].create_time);
  std::vector<Values> rows;
  for (const Message& item : messages) {
    const auto row = found.find(item.id);
    if (row != found.end() && !row->second) continue;
    const Message m = AsRecorded(item);
    if (row == found.end()) {
      rows.push_back(RowOf(m));
    } else {
      TRIVIUM_RETURN_IF_ERROR(w_.db.Execute(sql::kFillIn, FillInOf(m)).status());
    }
    ledger.AddToDay(m, row == found.end() ? Counts() : *row->second, 1);
  }
  // Counts that come just now make a row first.
  TRIVIUM_RETURN_IF_ERROR(DuplicateMeansAgain(w_.db.ExecuteMany(sql::kInsertMessage, rows).status()));
  return ledger.Finish();
}

absl::StatusOr<bool> MysqlCounts::Add(const CountReport& report) {
  std::map<Id, Counts> changes;  // Upwards: rows are locked in this order.
  for (const MessageCount& count : report.counts) {
    if (count.sent < 0 || count.slow_readers < 0) return NegativeCount(count);
    changes[count.message_id] += ConnectionsChange(count.sent, count.slow_readers);
  }
  const Values key = {report.product, report.gateway, report.number, report.now};
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed inserted, w_.db.ExecuteMany(sql::kInsertReport, {&key, 1}));
  if (inserted.rows != 1) return false;
  std::vector<Values> rows;
  for (const auto& [id, change] : changes) rows.push_back(RowOf(Unrecorded(report.product, id, change, report.now)));
  TRIVIUM_RETURN_IF_ERROR(w_.db.ExecuteMany(sql::kAddCounts, rows).status());
  MysqlLedger ledger(w_, report.product, report.now);
  TRIVIUM_RETURN_IF_ERROR(CountDays(ledger, report.product, changes));
  TRIVIUM_RETURN_IF_ERROR(ledger.Finish());
  return true;
}

absl::Status MysqlCounts::CountDays(MysqlLedger& ledger, const std::string& product,
                                    const std::map<Id, Counts>& changes) {
  std::vector<Value> ids;
  const auto count = [&]() -> absl::Status {
    Values parameters = {product};
    const std::string statement = sql::WithIn(sql::kLockCounts, ids, &parameters, sql::kLockMessagesEnd);
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(statement, parameters));
    for (const mysql::Row& row : rows) {
      Message m;
      m.id = IdAt(row, 0);
      m.message_class = static_cast<MessageClass>(row.Int(1));
      m.day = row.Text(2);
      const bool counts = m.message_class == MessageClass::kLossy || m.message_class == MessageClass::kOrdered;
      if (counts && !m.day.empty()) ledger.AddToDay(m, changes.at(m.id), 0);
    }
    ids.clear();
    return absl::OkStatus();
  };
  for (const auto& [id, change] : changes) {
    ids.push_back(ToValue(id));
    if (ids.size() == kIdsPerRead) TRIVIUM_RETURN_IF_ERROR(count());
  }
  return ids.empty() ? absl::OkStatus() : count();
}

}  // namespace trivium::push
