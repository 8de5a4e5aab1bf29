// Where control's data live: MySQL with the outbox's relay and the purge, or memory.
#pragma once

#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "libs/clock/clock.h"
#include "libs/ha/lease.h"
#include "libs/id/id.h"
#include "libs/kafka/outbox.h"
#include "libs/kafka/producer.h"
#include "libs/mysql/mysql.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/control/settings.h"
#include "services/control/store/store.h"

namespace trivium::control {

// Thread-safe.
class Persistence {
 public:
  Persistence(const Settings& settings, Clock& clock, Metrics& metrics);
  ~Persistence();

  Store& store() { return *store_; }
  // Checks the schema and starts the workers.
  absl::Status Start();
  void Stop();

 private:
  absl::Status StartRelay();
  void RunPurge();

  const Settings settings_;
  Clock& clock_;
  Metrics& metrics_;
  std::unique_ptr<IdGenerator> ids_;
  std::unique_ptr<mysql::Pool> pool_;  // nullptr: in memory.
  std::unique_ptr<Store> store_;
  std::unique_ptr<ha::LeaseStore> leases_;
  std::unique_ptr<kafka::Producer> producer_;
  std::unique_ptr<kafka::OutboxRelay> relay_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread purge_;
};

}  // namespace trivium::control
