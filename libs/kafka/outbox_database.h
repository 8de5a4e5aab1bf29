// The MySQL schema of a service that tells events: its pool, and the relay of its outbox.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "libs/ha/lease.h"
#include "libs/kafka/outbox.h"
#include "libs/kafka/producer.h"
#include "libs/mysql/mysql.h"

namespace trivium::kafka {

struct OutboxDatabaseOptions {
  mysql::PoolOptions mysql;  // No schema: there is no database, and every call here succeeds.
  int schema_wanted = 1,
      schema_newest = 1;      // Version of the migrations that the binary needs, and the newest that it can run with.
  std::string kafka_brokers;  // Empty: events are numbered, and never sent.
  std::string instance_id;    // Holder of the relay's lease, and the producer's client id.
};

// Not thread-safe, but for Wake and the pool.
class OutboxDatabase {
 public:
  // on_events: called when events have got their numbers. References outlive it.
  OutboxDatabase(OutboxDatabaseOptions options, Clock& clock, Metrics& metrics, std::function<void()> on_events);
  ~OutboxDatabase();
  // Checks the schema, then starts the relay. FAILED_PRECONDITION SCHEMA_OLDER, SCHEMA_NEWER.
  absl::Status Start();
  void Stop();
  absl::Status Ready();
  mysql::Pool* pool() { return pool_.get(); }              // nullptr: there is no database.
  ha::LeaseStore* lease_store() { return leases_.get(); }  // As the pool.
  void Wake();                                             // Something was committed.

 private:
  const OutboxDatabaseOptions options_;
  Clock& clock_;
  Metrics& metrics_;
  const std::function<void()> on_events_;
  std::unique_ptr<mysql::Pool> pool_;
  std::unique_ptr<ha::LeaseStore> leases_;
  std::unique_ptr<Producer> producer_;  // nullptr: no broker.
  std::unique_ptr<OutboxRelay> relay_;
};

}  // namespace trivium::kafka
