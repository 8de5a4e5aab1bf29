#include "libs/kafka/outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/kafka/outbox_steps.h"
#include "libs/status/status.h"

namespace trivium::kafka {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO outbox (event_id, product, topic, message_key, type, subject, traceparent, event_time, payload) "
    "VALUES ??*";
// Index product_seq.
constexpr std::string_view kSelectAfter =
    "SELECT event_id, product, topic, message_key, type, subject, traceparent, event_time, payload, seq FROM outbox "
    "WHERE product = ? AND seq > ? ORDER BY seq LIMIT ?";
constexpr std::string_view kSelectRange = "SELECT MIN(seq), MAX(seq) FROM outbox WHERE product = ?";
// PRIMARY.
constexpr std::string_view kSelectLast = "SELECT last_seq FROM outbox_seq WHERE product = ?";

}  // namespace

absl::Status WriteOutbox(mysql::Connection& db, std::span<const Event> events) {
  std::vector<mysql::Values> rows;
  rows.reserve(events.size());
  for (const Event& e : events) {
    if (e.payload.size() > kPayloadBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("event payload: ", e.payload.size(), " bytes, want <= ", kPayloadBytesMax));
    }
    rows.push_back({mysql::Blob{e.id.ToBytes()}, e.product, e.topic, e.key, e.type, e.subject, e.traceparent, e.time,
                    mysql::Blob{e.payload}});
  }
  return db.ExecuteMany(kInsert, rows).status();
}

absl::StatusOr<std::vector<SequencedEvent>> ReadOutbox(mysql::Connection& db, std::string_view product,
                                                       int64_t after_seq, int limit) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                           db.Query(kSelectAfter, {std::string(product), after_seq, int64_t{limit}}));
  std::vector<SequencedEvent> events;
  for (const mysql::Row& row : rows) {
    TRIVIUM_ASSIGN_OR_RETURN(Event event, EventOfRow(row));
    events.push_back({std::move(event), row.Int(9)});
  }
  return events;
}

absl::StatusOr<SeqRange> OutboxRange(mysql::Connection& db, std::string_view product) {
  // The newest first: events that come in between are then above it, and are not missed.
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows last, db.Query(kSelectLast, {std::string(product)}));
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows kept, db.Query(kSelectRange, {std::string(product)}));
  const int64_t given = last.empty() ? 0 : last[0].Int(0);
  const int64_t oldest = kept.at(0).Int(0);  // 0: none.
  return SeqRange{oldest != 0 ? oldest : given + 1, std::max(given, kept.at(0).Int(1))};
}

}  // namespace trivium::kafka
