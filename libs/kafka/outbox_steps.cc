#include "libs/kafka/outbox_steps.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/mysql/lease_store.h"
#include "libs/status/status.h"

namespace trivium::kafka {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);

// Index unsequenced, both.
constexpr std::string_view kSelectAnyUnsequenced = "SELECT 1 FROM outbox WHERE seq IS NULL LIMIT 1";
constexpr std::string_view kSelectUnsequenced =
    "SELECT outbox_id, product FROM outbox WHERE seq IS NULL ORDER BY outbox_id LIMIT ?";
constexpr std::string_view kInsertCounter = "INSERT IGNORE INTO outbox_seq (product, last_seq) VALUES (?, 0)";
constexpr std::string_view kSelectCounter = "SELECT last_seq FROM outbox_seq WHERE product = ? FOR UPDATE";
constexpr std::string_view kUpdateCounter = "UPDATE outbox_seq SET last_seq = ? WHERE product = ?";
constexpr std::string_view kSelectProducts = "SELECT product FROM outbox_seq";
constexpr std::string_view kSelectFirstUnsent =
    "SELECT COALESCE(MIN(seq), 1 + (SELECT last_seq FROM outbox_seq WHERE product = ?)) FROM outbox "
    "WHERE sent_time IS NULL AND seq IS NOT NULL AND product = ?";
// Index product_seq.
constexpr std::string_view kSelectUnsent =
    "SELECT event_id, product, topic, message_key, type, subject, traceparent, event_time, payload, seq, outbox_id, "
    "sent_time FROM outbox WHERE product = ? AND seq >= ? ORDER BY seq LIMIT ?";
// Index unsent, both.
constexpr std::string_view kPurgeSent =
    "DELETE FROM outbox WHERE sent_time IS NOT NULL AND sent_time < ? ORDER BY sent_time LIMIT ?";
constexpr std::string_view kPurgeSequenced =
    "DELETE FROM outbox WHERE sent_time IS NULL AND seq IS NOT NULL AND event_time < ? ORDER BY outbox_id LIMIT ?";
constexpr std::string_view kSelectBacklog = "SELECT COUNT(*), MIN(event_time) FROM outbox WHERE sent_time IS NULL";
constexpr std::string_view kSelectBacklogUnsequenced = "SELECT COUNT(*), MIN(event_time) FROM outbox WHERE seq IS NULL";

// "?,?,?" for an IN list.
std::string Marks(size_t count) {
  std::string marks;
  for (size_t i = 0; i < count; ++i) marks += i == 0 ? "?" : ",?";
  return marks;
}

absl::Status SequenceProduct(mysql::Connection& db, const std::string& product, const std::vector<int64_t>& ids) {
  TRIVIUM_RETURN_IF_ERROR(db.Execute(kInsertCounter, {product}).status());
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(kSelectCounter, {product}));
  int64_t seq = rows.at(0).Int(0);
  std::string cases;
  mysql::Values values, wanted;
  for (const int64_t id : ids) {
    cases += " WHEN ? THEN ?";
    values.emplace_back(id);
    values.emplace_back(++seq);
    wanted.emplace_back(id);
  }
  values.insert(values.end(), wanted.begin(), wanted.end());
  TRIVIUM_RETURN_IF_ERROR(db.Execute(absl::StrCat("UPDATE outbox SET seq = CASE outbox_id", cases,
                                                  " END WHERE outbox_id IN (", Marks(ids.size()), ")"),
                                     values)
                              .status());
  return db.Execute(kUpdateCounter, {seq, product}).status();
}

}  // namespace

absl::StatusOr<Event> EventOfRow(const mysql::Row& row) {
  TRIVIUM_ASSIGN_OR_RETURN(const Id id, Id::FromBytes(row.Text(0)));
  return Event{.id = id,
               .topic = row.Text(2),
               .key = row.Text(3),
               .type = row.Text(4),
               .product = row.Text(1),
               .subject = row.Text(5),
               .traceparent = row.Text(6),
               .time = row.Time(7),
               .payload = row.Text(8)};
}

absl::StatusOr<int> SequenceStep(mysql::Pool& pool, absl::Time deadline, const std::string& holder, int64_t epoch,
                                 int batch_max) {
  // An idle relay must not write: the fence below does.
  bool any = false;
  TRIVIUM_RETURN_IF_ERROR(pool.Use("outbox_look", deadline, [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(kSelectAnyUnsequenced));
    any = !rows.empty();
    return absl::OkStatus();
  }));
  if (!any) return 0;
  int count = 0;
  TRIVIUM_RETURN_IF_ERROR(pool.Transact("outbox_sequence", deadline, [&](mysql::Connection& db) -> absl::Status {
    count = 0;
    TRIVIUM_RETURN_IF_ERROR(mysql::TouchLease(db, kOutboxLease, holder, epoch));
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(kSelectUnsequenced, {int64_t{batch_max}}));
    std::map<std::string, std::vector<int64_t>> by_product;
    for (const mysql::Row& row : rows) by_product[row.Text(1)].push_back(row.Int(0));
    for (const auto& [product, ids] : by_product) TRIVIUM_RETURN_IF_ERROR(SequenceProduct(db, product, ids));
    count = static_cast<int>(rows.size());
    return absl::OkStatus();
  }));
  return count;
}

absl::StatusOr<OutboxSender::Batch> OutboxSender::Read(int batch_max) {
  Batch batch;
  TRIVIUM_RETURN_IF_ERROR(
      pool_.Use("outbox_unsent", clock_.Now() + kPatience, [&](mysql::Connection& db) -> absl::Status {
        TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows products, db.Query(kSelectProducts));
        for (const mysql::Row& row : products) {
          const std::string& product = row.Text(0);
          if (next_.count(product) == 0) {
            TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows first, db.Query(kSelectFirstUnsent, {product, product}));
            next_[product] = first.at(0).Int(0);
          }
          TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows unsent,
                                   db.Query(kSelectUnsent, {product, next_[product], int64_t{batch_max}}));
          for (const mysql::Row& event_row : unsent) {
            batch.next[product] = event_row.Int(9) + 1;
            if (!event_row.IsNull(11)) continue;
            TRIVIUM_ASSIGN_OR_RETURN(Event event, EventOfRow(event_row));
            batch.events.push_back(std::move(event));
            batch.outbox_ids.emplace_back(event_row.Int(10));
          }
        }
        return absl::OkStatus();
      }));
  return batch;
}

absl::Status OutboxSender::MarkSent(const std::vector<mysql::Value>& outbox_ids) {
  mysql::Values values = {clock_.Now()};
  values.insert(values.end(), outbox_ids.begin(), outbox_ids.end());
  return pool_.Transact("outbox_mark_sent", clock_.Now() + kPatience, [&](mysql::Connection& db) {
    return db
        .Execute(absl::StrCat("UPDATE outbox SET sent_time = ? WHERE outbox_id IN (", Marks(outbox_ids.size()), ")"),
                 values)
        .status();
  });
}

absl::StatusOr<int> OutboxSender::Step(int batch_max) {
  TRIVIUM_ASSIGN_OR_RETURN(const Batch batch, Read(batch_max));
  if (!batch.events.empty()) {
    TRIVIUM_RETURN_IF_ERROR(producer_.Send(batch.events));
    TRIVIUM_RETURN_IF_ERROR(MarkSent(batch.outbox_ids));
  }
  for (const auto& [product, next] : batch.next) next_[product] = next;
  return static_cast<int>(batch.events.size());
}

absl::StatusOr<int> PurgeStep(mysql::Pool& pool, absl::Time deadline, absl::Time before, bool never_sent, int limit) {
  int64_t count = 0;
  TRIVIUM_RETURN_IF_ERROR(pool.Transact("outbox_purge", deadline, [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed,
                             db.Execute(never_sent ? kPurgeSequenced : kPurgeSent, {before, int64_t{limit}}));
    count = changed.rows;
    return absl::OkStatus();
  }));
  return static_cast<int>(count);
}

absl::StatusOr<Backlog> ReadBacklog(mysql::Pool& pool, absl::Time deadline, bool never_sent) {
  Backlog backlog;
  TRIVIUM_RETURN_IF_ERROR(pool.Use("outbox_backlog", deadline, [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(never_sent ? kSelectBacklogUnsequenced : kSelectBacklog));
    backlog.rows = rows.at(0).Int(0);
    if (!rows[0].IsNull(1)) backlog.oldest = rows[0].Time(1);
    return absl::OkStatus();
  }));
  return backlog;
}

}  // namespace trivium::kafka
