// Transactional outbox: events are rows, written in the transaction that they tell of; a relay gives them their place
// in the product's order (seq) and sends them. A cursor over auto-increment ids would skip late commits; seq is given
// out after the commit, by one leader.
//
// Tables of each service (in its own migration):
//   CREATE TABLE outbox (
//     outbox_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
//     event_id BINARY(16) NOT NULL UNIQUE,
//     product VARCHAR(64) NOT NULL,
//     topic VARCHAR(120) NOT NULL,
//     message_key VARCHAR(64) NOT NULL,
//     type VARCHAR(120) NOT NULL,
//     subject VARCHAR(120) NOT NULL,
//     traceparent VARCHAR(55) NOT NULL,
//     event_time DATETIME(6) NOT NULL,
//     payload MEDIUMBLOB NOT NULL,
//     seq BIGINT NULL,             -- Place in the product's order, dense from 1; NULL until the relay saw the row.
//     sent_time DATETIME(6) NULL,  -- When the broker had it.
//     UNIQUE KEY product_seq (product, seq),
//     KEY unsequenced (seq, outbox_id),
//     KEY unsent (sent_time, outbox_id));
//   CREATE TABLE outbox_seq (
//     product VARCHAR(64) NOT NULL PRIMARY KEY,
//     last_seq BIGINT NOT NULL);
//   CREATE TABLE lease (
//     resource VARCHAR(64) NOT NULL PRIMARY KEY,
//     holder VARCHAR(64) NOT NULL,
//     epoch BIGINT NOT NULL,
//     expire_time DATETIME(6) NOT NULL);
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/ha/lease.h"
#include "libs/kafka/event.h"
#include "libs/kafka/producer.h"
#include "libs/mysql/mysql.h"

namespace trivium::kafka {

// Inside the caller's transaction. Events of one key must be written under a lock on their aggregate: their order is
// then the order of these calls. INVALID_ARGUMENT for a payload above kPayloadBytesMax.
absl::Status WriteOutbox(mysql::Connection& db, std::span<const Event> events);

struct SequencedEvent {
  Event event;
  int64_t seq = 0;
};
// Events of a product with seq > after_seq, in order, at most limit.
absl::StatusOr<std::vector<SequencedEvent>> ReadOutbox(mysql::Connection& db, std::string_view product,
                                                       int64_t after_seq, int limit);
// Oldest seq that is kept and newest that was ever given out; oldest > newest: none are kept. 1, 0: there never was
// one.
struct SeqRange {
  int64_t oldest = 1, newest = 0;
};
absl::StatusOr<SeqRange> OutboxRange(mysql::Connection& db, std::string_view product);

struct RelayOptions {
  std::string holder;                               // Instance id, for the lease "outbox".
  int batch_max = 500;                              // Rows a step.
  absl::Duration poll = absl::Milliseconds(50);     // Between looks when idle; Wake() shortens it.
  absl::Duration retention = absl::Hours(24 * 30);  // Sent rows older than that are purged.
};

// One leader among all instances (by lease): sequences, sends, marks as sent, purges. Sequencing goes on while the
// broker is away. Thread-safe.
class OutboxRelay {
 public:
  // producer may be nullptr: events are sequenced, never sent. on_sequenced: called when there are new events in
  // the order, also of other instances, when this one leads; followers poll. All references outlive it.
  OutboxRelay(RelayOptions options, mysql::Pool& pool, ha::LeaseStore& leases, Producer* producer, Clock& clock,
              Metrics& metrics, std::function<void()> on_sequenced = nullptr);
  ~OutboxRelay();
  void Start();
  void Stop();  // Hands the lease over.
  void Wake();  // Something was committed.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::kafka
