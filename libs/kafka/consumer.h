// Kafka consumer that has the effect of each event once: it dedupes by event id in the transaction of the effect,
// commits offsets after it, and puts what cannot be handled onto "<topic>.dead" with the reason.
//
// Table of each consuming service:
//   CREATE TABLE consumed_event (
//     consumer VARCHAR(64) NOT NULL,
//     event_id BINARY(16) NOT NULL,
//     consume_time DATETIME(6) NOT NULL,
//     PRIMARY KEY (consumer, event_id),
//     KEY by_time (consume_time));
//
// A dead letter is the message as it was, with the headers trivium_dead_reason, _consumer, _partition and _offset more.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/kafka/event.h"
#include "libs/mysql/mysql.h"

namespace trivium::kafka {

struct ConsumerOptions {
  std::string brokers, client_id;
  std::string group;  // Also the name in consumed_event.
  std::vector<std::string> topics;
  int max_attempts = 5;  // Of an event whose handler says it is bad (INVALID_ARGUMENT and the like); then dead-letter.
  absl::Duration dedupe_retention = absl::Hours(24 * 7);
};

// Effect of an event, inside a transaction with the dedupe row. UNAVAILABLE, ABORTED, UNKNOWN and DEADLINE_EXCEEDED are
// tried again for ever, with back-off (the event is fine, the world is not); any other error counts towards
// max_attempts.
using EventHandler = std::function<absl::Status(mysql::Connection& db, const Event& event)>;

// Thread-safe; one thread of its own.
class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual void Start() = 0;
  virtual void Stop() = 0;  // Leaves the group.
};
absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(const ConsumerOptions& options, mysql::Pool& pool, Clock& clock,
                                                      Metrics& metrics, EventHandler handler);

}  // namespace trivium::kafka
