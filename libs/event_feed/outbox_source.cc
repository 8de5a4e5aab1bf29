#include "libs/event_feed/outbox_source.h"

#include <utility>

#include "libs/kafka/outbox.h"
#include "libs/status/status.h"

namespace trivium {

absl::StatusOr<std::vector<StoredEvent>> ListOutboxEvents(mysql::Pool& pool, const std::string& product, int64_t after,
                                                          int limit, absl::Time deadline) {
  std::vector<StoredEvent> events;
  TRIVIUM_RETURN_IF_ERROR(pool.Use("list_events", deadline, [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(std::vector<kafka::SequencedEvent> rows, kafka::ReadOutbox(db, product, after, limit));
    for (kafka::SequencedEvent& row : rows) events.push_back({row.seq, std::move(row.event.payload)});
    return absl::OkStatus();
  }));
  return events;
}

absl::StatusOr<EventRange> RangeOfOutboxEvents(mysql::Pool& pool, const std::string& product, absl::Time deadline) {
  EventRange range;
  TRIVIUM_RETURN_IF_ERROR(pool.Use("range_of_events", deadline, [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const kafka::SeqRange kept, kafka::OutboxRange(db, product));
    range = {kept.oldest, kept.newest};
    return absl::OkStatus();
  }));
  return range;
}

}  // namespace trivium
