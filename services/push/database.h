// The store and what carries its events on: MySQL with the outbox and Kafka, or memory alone.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "libs/ha/lease.h"
#include "libs/id/id.h"
#include "libs/kafka/outbox.h"
#include "libs/kafka/producer.h"
#include "libs/mysql/mysql.h"
#include "services/push/settings.h"
#include "services/push/store/store.h"

namespace trivium::push {

// Not thread-safe, but for store().
class Database {
 public:
  // on_events: called when events have got their numbers. References outlive it.
  Database(const Settings& settings, IdGenerator& ids, Clock& clock, Metrics& metrics, std::function<void()> on_events);
  ~Database();
  // Checks the schema, then starts the relay of the outbox. FAILED_PRECONDITION SCHEMA_OLDER, SCHEMA_NEWER.
  absl::Status Start();
  void Stop();
  absl::Status Ready();
  Store& store() { return *store_; }

 private:
  const Settings settings_;
  Clock& clock_;
  Metrics& metrics_;
  const std::function<void()> on_events_;
  std::unique_ptr<mysql::Pool> pool_;  // nullptr: in memory.
  std::unique_ptr<ha::LeaseStore> leases_;
  std::unique_ptr<kafka::Producer> producer_;  // nullptr: no broker.
  std::unique_ptr<kafka::OutboxRelay> relay_;
  std::unique_ptr<Store> store_;
};

}  // namespace trivium::push
