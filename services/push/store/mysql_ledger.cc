#include "services/push/store/mysql_ledger.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "libs/kafka/outbox.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/trace.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

using mysql::Value;
using mysql::Values;

constexpr int kDayShards = 16;
constexpr char kTopic[] = "trivium.push.events.v1";
constexpr char kEventType[] = "trivium.push.v1.Event";

}  // namespace

absl::Status RunAgain() { return Error(absl::StatusCode::kAborted, kRunAgain, "another writer was faster"); }

absl::Status DuplicateMeansAgain(const absl::Status& status) {
  return mysql::DuplicateKeyOf(status).empty() ? status : RunAgain();
}

absl::StatusOr<std::map<Id, Message>> MysqlLedger::Lock(const std::vector<Id>& message_ids) {
  std::map<Id, Message> messages;
  if (message_ids.empty()) return messages;
  std::vector<Value> ids;
  std::ranges::transform(message_ids, std::back_inserter(ids), [](const Id& id) { return ToValue(id); });
  Values parameters = {product_};
  const std::string statement = sql::WithIn(sql::kLockMessages, ids, &parameters, sql::kLockMessagesEnd);
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(statement, parameters));
  for (Message& m : MessagesOf(rows)) messages[m.id] = std::move(m);
  return messages;
}

absl::Status MysqlLedger::Save(const Message& after, const Counts& change) {
  TRIVIUM_RETURN_IF_ERROR(w_.db.Execute(sql::kUpdateMessage, UpdateOf(after)).status());
  if (!change.IsZero()) AddToDay(after, change, 0);
  return absl::OkStatus();
}

void MysqlLedger::AddToDay(const Message& m, const Counts& change, int64_t messages) {
  const DayKey key{m.day, static_cast<int64_t>(m.message_class), static_cast<int64_t>(m.id.Hash() % kDayShards)};
  days_[key].messages += messages;
  days_[key].counts += change;
}

void MysqlLedger::Tell(const std::vector<Message>& told) {
  for (const Message& m : told) {
    const std::string key = FormatId(kMessageIdKind, m.id);
    kafka::Event& event = events_.emplace_back();
    event.id = w_.ids.Next();
    event.topic = kTopic;
    event.key = key;
    event.type = kEventType;
    event.product = product_;
    event.subject = absl::StrCat("message/", key);
    event.time = m.update_time;
    event.payload = w_.encode(event.id, m);
    if (const TraceContext* trace = ScopedTrace::Current()) event.traceparent = trace->ToHeader();
  }
}

absl::StatusOr<int64_t> MysqlLedger::MovePending(const Id& message_id, const DeliveryMove& move, int64_t limit) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const mysql::Changed changed,
      w_.db.Execute(sql::kMovePending, {ToValue(move.to), ToValue(move.reason), ToValue(move.now), product_,
                                        ToValue(message_id), ToValue(DeliveryState::kPending), limit}));
  if (changed.rows > 0) w_.backlogs.moved_messages[product_].insert(message_id);
  return changed.rows;
}

absl::Status MysqlLedger::ApplyChanges() {
  std::vector<Id> ids;
  for (const auto& [id, change] : changes_) ids.push_back(id);
  TRIVIUM_ASSIGN_OR_RETURN(auto messages, Lock(ids));
  if (messages.size() != ids.size()) return absl::InternalError("deliveries without their message");
  std::vector<Message> told;
  for (auto& [id, m] : messages) {
    const Counts& change = changes_[id];
    Apply(m, change, now_, &told);
    TRIVIUM_RETURN_IF_ERROR(Save(m, change));
  }
  Tell(told);
  changes_.clear();
  return absl::OkStatus();
}

absl::Status MysqlLedger::WriteDays() {
  std::vector<Values> rows;
  for (const auto& [key, sum] : days_) {
    Values row = {product_, key.day, key.message_class, key.shard, sum.messages};
    AppendCounts(sum.counts, &row);
    rows.push_back(std::move(row));
  }
  return w_.db.ExecuteMany(sql::kAddToDays, rows).status();
}

absl::Status MysqlLedger::Finish() {
  TRIVIUM_RETURN_IF_ERROR(ApplyChanges());
  TRIVIUM_RETURN_IF_ERROR(WriteDays());
  return kafka::WriteOutbox(w_.db, events_);
}

}  // namespace trivium::push
