#include "services/push/database.h"

#include <utility>

#include "libs/mysql/lease_store.h"
#include "libs/status/status.h"
#include "services/push/message_view.h"
#include "services/push/store/memory_store.h"
#include "services/push/store/mysql_store.h"

namespace trivium::push {
namespace {

// Version of migrations/push that this binary needs, and the newest that it can run with.
constexpr int kSchemaWanted = 1, kSchemaNewest = 2;

}  // namespace

Database::Database(const Settings& settings, IdGenerator& ids, Clock& clock, Metrics& metrics,
                   std::function<void()> on_events)
    : settings_(settings), clock_(clock), metrics_(metrics), on_events_(std::move(on_events)) {
  if (settings.mysql.schema.empty()) {
    store_ = std::make_unique<MemoryStore>(ids, EventOf);
    return;
  }
  pool_ = mysql::NewPool(settings.mysql, clock, metrics);
  leases_ = mysql::NewLeaseStore(*pool_, clock);
  store_ = std::make_unique<MysqlStore>(*pool_, ids, metrics, EventOf, [this] {
    if (relay_ != nullptr) relay_->Wake();
  });
}

Database::~Database() { Stop(); }

absl::Status Database::Start() {
  if (pool_ == nullptr) return absl::OkStatus();
  TRIVIUM_RETURN_IF_ERROR(mysql::CheckSchema(*pool_, kSchemaWanted, kSchemaNewest));
  if (!settings_.kafka_brokers.empty()) {
    TRIVIUM_ASSIGN_OR_RETURN(
        producer_,
        kafka::NewProducer({.brokers = settings_.kafka_brokers, .client_id = settings_.instance_id}, metrics_));
  }
  relay_ = std::make_unique<kafka::OutboxRelay>(kafka::RelayOptions{.holder = settings_.instance_id}, *pool_, *leases_,
                                                producer_.get(), clock_, metrics_, on_events_);
  relay_->Start();
  return absl::OkStatus();
}

void Database::Stop() {
  if (relay_ != nullptr) relay_->Stop();
}

absl::Status Database::Ready() { return pool_ == nullptr ? absl::OkStatus() : pool_->Ping(); }

}  // namespace trivium::push
