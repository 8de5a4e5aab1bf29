// The relay's steps, each a transaction or two; the relay's threads run them. For this library and its tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/kafka/event.h"
#include "libs/kafka/producer.h"
#include "libs/mysql/mysql.h"

namespace trivium::kafka {

inline constexpr char kOutboxLease[] = "outbox";

// Columns event_id, product, topic, message_key, type, subject, traceparent, event_time, payload.
absl::StatusOr<Event> EventOfRow(const mysql::Row& row);

// Gives up to batch_max committed rows their place in their product's order; how many. Fenced: FAILED_PRECONDITION
// LEASE_FENCED when holder does not have the lease at that epoch any more, and nothing is changed.
absl::StatusOr<int> SequenceStep(mysql::Pool& pool, absl::Time deadline, const std::string& holder, int64_t epoch,
                                 int batch_max);

// Sends what is sequenced and not sent, in each product's order. Not thread-safe.
//
// It needs no fence: a paused old leader that wakes up sends a range that begins at or before the first event that the
// broker lacks, in order; so the first copy of each event is in order whoever sends it, and consumers drop the rest.
class OutboxSender {
 public:
  OutboxSender(mysql::Pool& pool, Producer& producer, Clock& clock) : pool_(pool), producer_(producer), clock_(clock) {}
  // Sends up to batch_max events of each product and marks them; how many.
  absl::StatusOr<int> Step(int batch_max);
  // Forgets where it was: another leader may have been at work.
  void Restart() { next_.clear(); }

 private:
  struct Batch {
    std::vector<Event> events;
    std::vector<mysql::Value> outbox_ids;
    std::map<std::string, int64_t> next;  // By product, once the batch is sent.
  };
  absl::StatusOr<Batch> Read(int batch_max);
  absl::Status MarkSent(const std::vector<mysql::Value>& outbox_ids);

  mysql::Pool& pool_;
  Producer& producer_;
  Clock& clock_;
  std::map<std::string, int64_t> next_;  // By product: no row with a lower seq is unsent.
};

// Deletes up to `limit` rows from before `before`: sent ones or, when they are never sent, sequenced ones. How many.
absl::StatusOr<int> PurgeStep(mysql::Pool& pool, absl::Time deadline, absl::Time before, bool never_sent, int limit);

struct Backlog {
  int64_t rows = 0;                            // Committed and not sent.
  absl::Time oldest = absl::InfiniteFuture();  // Time of the oldest such event.
};
absl::StatusOr<Backlog> ReadBacklog(mysql::Pool& pool, absl::Time deadline, bool never_sent);

}  // namespace trivium::kafka
