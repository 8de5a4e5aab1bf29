#include "services/push/store/mysql_accept.h"

#include <algorithm>
#include <utility>

#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/errors.h"
#include "services/push/store/mysql_answers.h"
#include "services/push/store/mysql_recipients.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

using mysql::Blob;
using mysql::Values;

constexpr size_t kChunk = 5'000;  // Deliveries that are in memory at a time.

RequestKey KeyOf(const Message& draft) {
  return {draft.product, Method::kPublish, draft.request_id, draft.fingerprint};
}

}  // namespace

absl::StatusOr<std::optional<Message>> MysqlAccept::Find(const std::string& product, const Id& id) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(sql::kGetMessage, {product, ToValue(id)}));
  if (rows.empty()) return std::nullopt;
  return MessageOf(rows[0]);
}

absl::StatusOr<std::optional<Message>> MysqlAccept::AnswerOf(const Message& draft) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                           w_.db.Query(sql::kGetMessageOfRequest, {draft.product, draft.request_id}));
  if (!rows.empty()) {
    const Message first = MessageOf(rows[0]);
    TRIVIUM_RETURN_IF_ERROR(CheckFingerprint(Method::kPublish, first.fingerprint, draft.fingerprint));
    return AsCreated(first);
  }
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredAnswer> answer, FindAnswer(w_.db, KeyOf(draft)));
  if (answer) {
    TRIVIUM_ASSIGN_OR_RETURN(std::optional<Message> first, Find(draft.product, answer->message_id));
    if (first) return AsCreated(*std::move(first));
  }
  return draft.dedupe_key.empty() ? absl::StatusOr<std::optional<Message>>(std::nullopt) : DedupeAnswerOf(draft);
}

absl::StatusOr<std::optional<Message>> MysqlAccept::DedupeAnswerOf(const Message& draft) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(sql::kGetDedupe, {draft.product, Blob{draft.dedupe_key},
                                                                                 ToValue(draft.create_time)}));
  if (rows.empty()) return std::nullopt;
  const Id id = IdAt(rows[0], 0);
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<Message> first, Find(draft.product, id));
  if (!first) {
    TRIVIUM_RETURN_IF_ERROR(
        w_.db.Execute(sql::kDropDedupe, {draft.product, Blob{draft.dedupe_key}, ToValue(id)}).status());
    return std::nullopt;
  }
  TRIVIUM_RETURN_IF_ERROR(RecordAnswer(w_.db, KeyOf(draft), {.message_id = id}, draft.create_time));
  return AsCreated(*first);
}

absl::Status MysqlAccept::ClaimDedupeKey(const Message& m) {
  const absl::Time expire_time = m.create_time + kDedupeWindow;
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed renewed,
                           w_.db.Execute(sql::kRenewDedupe, {ToValue(m.id), expire_time, m.product, Blob{m.dedupe_key},
                                                             ToValue(m.create_time)}));
  if (renewed.rows == 1) return absl::OkStatus();
  const Values row = {m.product, Blob{m.dedupe_key}, ToValue(m.id), expire_time};
  return DuplicateMeansAgain(w_.db.ExecuteMany(sql::kInsertDedupe, {&row, 1}).status());
}

absl::StatusOr<Message> MysqlAccept::Accept(const NewMessage& item) {
  TRIVIUM_ASSIGN_OR_RETURN(std::optional<Message> answer, AnswerOf(item.draft));
  if (answer) return *std::move(answer);
  Message m = FirstState(item.draft);
  TRIVIUM_RETURN_IF_ERROR(CheckTarget(m.target));
  if (!m.dedupe_key.empty()) TRIVIUM_RETURN_IF_ERROR(ClaimDedupeKey(m));
  MysqlLedger ledger(w_, m.product, m.create_time);
  if (m.state == MessageState::kAccepted) {
    TRIVIUM_RETURN_IF_ERROR(Start(ledger, m, {item.present, item.max_pending_of_user, m.create_time}));
  }
  const Values row = RowOf(m);
  TRIVIUM_RETURN_IF_ERROR(DuplicateMeansAgain(w_.db.ExecuteMany(sql::kInsertMessage, {&row, 1}).status()));
  if (IsTold(m)) ledger.Tell({m});
  TRIVIUM_RETURN_IF_ERROR(ledger.Finish());
  return AsCreated(m);
}

absl::StatusOr<Message> MysqlAccept::ReleaseScheduled(const Release& item) {
  TRIVIUM_ASSIGN_OR_RETURN(std::optional<Message> found, Find(item.product, item.message_id));
  if (!found) return MessageNotFound();
  Message m = *std::move(found);
  if (m.state != MessageState::kScheduled) return m;
  MysqlLedger ledger(w_, item.product, item.now);
  m.day = item.day;
  TRIVIUM_RETURN_IF_ERROR(Start(ledger, m, {item.present, item.max_pending_of_user, item.now}));
  // Only now is it locked: what others do to it meanwhile (cancel, release) is seen here.
  TRIVIUM_ASSIGN_OR_RETURN(const auto locked, ledger.Lock({m.id}));
  if (locked.empty() || locked.begin()->second.state != MessageState::kScheduled) return RunAgain();
  std::vector<Message> told;
  Move(m, MessageState::kAccepted, item.now, &told);
  TRIVIUM_RETURN_IF_ERROR(ledger.Save(m, {}));
  if (m.counts.accepted > 0) {
    TRIVIUM_RETURN_IF_ERROR(w_.db.Execute(sql::kKeepDeliveries, {m.product, ToValue(m.id)}).status());
  }
  ledger.Tell(told);
  TRIVIUM_RETURN_IF_ERROR(ledger.Finish());
  return m;
}

absl::Status MysqlAccept::Start(MysqlLedger& ledger, Message& m, const Begin& begin) {
  if (m.message_class == MessageClass::kReliable) {
    // Before the channel is locked: nobody else sees these rows, and they may be many.
    TRIVIUM_ASSIGN_OR_RETURN(const Counts change, InsertDeliveries(m, begin));
    m.counts += change;
    TRIVIUM_RETURN_IF_ERROR(TakePlace(m));
    if (!m.collapse_key.empty()) TRIVIUM_RETURN_IF_ERROR(Collapse(ledger, m, begin.now));
  }
  ledger.AddToDay(m, m.counts, 1);
  return absl::OkStatus();
}

absl::StatusOr<Counts> MysqlAccept::InsertDeliveries(const Message& m, const Begin& begin) {
  MysqlAudienceReader reader(w_.db, m.product);
  TRIVIUM_ASSIGN_OR_RETURN(const auto recipients, OpenRecipients(w_.db, reader, m, begin.present));
  TRIVIUM_ASSIGN_OR_RETURN(const bool some_may_be_full,
                           open_messages_.MayReach(w_.db, m.product, begin.max_pending, begin.now));
  size_t inserted = 0;
  int64_t dropped = 0;
  for (std::string from;;) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<std::string> users, Take(*recipients, from, kChunk));
    inserted += users.size();
    if (inserted > kRecipientsMax) return AudienceTooLarge();
    std::set<std::string> full;
    if (some_may_be_full) {
      TRIVIUM_ASSIGN_OR_RETURN(full, FullUsers(m, users, begin));
    }
    dropped += static_cast<int64_t>(full.size());
    std::vector<Values> rows;
    for (const std::string& user : users) {
      Delivery delivery = NewDelivery(m, user, begin.now);
      if (full.contains(user)) Move(delivery, DeliveryState::kDropped, begin.now, DropReason::kTooManyPending);
      rows.push_back(RowOf(m.product, delivery));
    }
    // A twin that releases the same message has the rows first.
    TRIVIUM_RETURN_IF_ERROR(DuplicateMeansAgain(w_.db.ExecuteMany(sql::kInsertDelivery, rows).status()));
    if (users.size() < kChunk) break;
    from = After(users.back());
  }
  Counts change = AcceptedChange(static_cast<int64_t>(inserted));
  change += MoveChange(DeliveryState::kPending, DeliveryState::kDropped, dropped, DropReason::kTooManyPending);
  return change;
}

absl::StatusOr<std::set<std::string>> MysqlAccept::FullUsers(const Message& m, const std::vector<std::string>& users,
                                                             const Begin& begin) {
  w_.backlogs.count_time = begin.now;
  TRIVIUM_ASSIGN_OR_RETURN(std::set<std::string> full,
                           MysqlFullUsers(w_.db).Among(m.product, users, begin.max_pending, m.id.Hash(), &w_.backlogs));
  if (!full.empty() && !m.collapse_key.empty()) TRIVIUM_RETURN_IF_ERROR(LeaveOutReplaced(m, &full));
  return full;
}

// For whom an older message is pending that collapses: he will have no more than before.
absl::Status MysqlAccept::LeaveOutReplaced(const Message& m, std::set<std::string>* full) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const mysql::Rows older,
      w_.db.Query(sql::kOpenOfCollapseKey, {m.product, m.channel, Blob{m.collapse_key}, Blob{m.target.value}}));
  for (const Id& id : IdsOf(older)) {
    std::vector<DeliveryKey> keys;
    for (const std::string& user : *full) keys.push_back({id, user});
    if (keys.empty()) break;
    Values parameters = {m.product, ToValue(DeliveryState::kPending)};
    const std::string statement = sql::WithKeys(sql::kPendingAmong, keys, &parameters);
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(statement, parameters));
    for (const std::string& user : TextsOf(rows)) full->erase(user);
  }
  return absl::OkStatus();
}

absl::Status MysqlAccept::TakePlace(Message& m) {
  // An audience has no channel and no order, but those with a collapse key must see each other: the row is their lock.
  if (m.channel.empty() && m.collapse_key.empty()) return absl::OkStatus();
  TRIVIUM_RETURN_IF_ERROR(w_.db.Execute(sql::kNextSequence, {m.product, m.channel}).status());
  if (m.channel.empty()) return absl::OkStatus();
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(sql::kReadSequence, {m.product, m.channel}));
  m.sequence = rows.at(0).Int(0);
  return absl::OkStatus();
}

absl::Status MysqlAccept::Collapse(MysqlLedger& ledger, const Message& newer, absl::Time now) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                           w_.db.Query(sql::kOpenOfCollapseKey, {newer.product, newer.channel, Blob{newer.collapse_key},
                                                                 Blob{newer.target.value}}));
  const DeliveryMove drop{DeliveryState::kDropped, DropReason::kCollapsed, now};
  for (const Id& older : IdsOf(rows)) {
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t moved,
                             ledger.MovePending(older, drop, static_cast<int64_t>(kRecipientsMax)));
    if (moved > 0) ledger.Add(older, MoveChange(DeliveryState::kPending, drop.to, moved, drop.reason));
  }
  return absl::OkStatus();
}

}  // namespace trivium::push
