#include "libs/kafka/outbox_database.h"

#include <utility>

#include "libs/mysql/lease_store.h"
#include "libs/status/status.h"

namespace trivium::kafka {

OutboxDatabase::OutboxDatabase(OutboxDatabaseOptions options, Clock& clock, Metrics& metrics,
                               std::function<void()> on_events)
    : options_(std::move(options)), clock_(clock), metrics_(metrics), on_events_(std::move(on_events)) {
  if (options_.mysql.schema.empty()) return;
  pool_ = mysql::NewPool(options_.mysql, clock, metrics);
  leases_ = mysql::NewLeaseStore(*pool_, clock);
}

OutboxDatabase::~OutboxDatabase() { Stop(); }

absl::Status OutboxDatabase::Start() {
  if (pool_ == nullptr) return absl::OkStatus();
  TRIVIUM_RETURN_IF_ERROR(mysql::CheckSchema(*pool_, options_.schema_wanted, options_.schema_newest));
  if (!options_.kafka_brokers.empty()) {
    TRIVIUM_ASSIGN_OR_RETURN(
        producer_, NewProducer({.brokers = options_.kafka_brokers, .client_id = options_.instance_id}, metrics_));
  }
  relay_ = std::make_unique<OutboxRelay>(RelayOptions{.holder = options_.instance_id}, *pool_, *leases_,
                                         producer_.get(), clock_, metrics_, on_events_);
  relay_->Start();
  return absl::OkStatus();
}

void OutboxDatabase::Stop() {
  if (relay_ != nullptr) relay_->Stop();
}

absl::Status OutboxDatabase::Ready() { return pool_ == nullptr ? absl::OkStatus() : pool_->Ping(); }

void OutboxDatabase::Wake() {
  if (relay_ != nullptr) relay_->Wake();
}

}  // namespace trivium::kafka
