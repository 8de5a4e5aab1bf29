#include "services/control/persistence.h"

#include "libs/log/log.h"
#include "libs/mysql/lease_store.h"
#include "libs/status/status.h"
#include "services/control/store/memory_store.h"
#include "services/control/store/mysql_store.h"

namespace trivium::control {
namespace {

constexpr absl::Duration kPurgeEvery = absl::Minutes(10), kPurgeTimeout = absl::Seconds(5);
constexpr absl::Duration kKeepLostInstances = absl::Hours(24 * 30);

}  // namespace

Persistence::Persistence(const Settings& settings, Clock& clock, Metrics& metrics)
    : settings_(settings), clock_(clock), metrics_(metrics), ids_(NewIdGenerator(clock)) {
  if (settings_.mysql.schema.empty()) {
    TRIVIUM_LOG(kWarning, "no mysql.schema: everything is kept in memory and forgotten at the end");
    store_ = NewMemoryStore(clock);
    return;
  }
  pool_ = mysql::NewPool(settings_.mysql, clock, metrics);
  store_ = NewMysqlStore(*pool_, *ids_, clock);
}

Persistence::~Persistence() { Stop(); }

absl::Status Persistence::Start() {
  if (pool_ != nullptr) {
    TRIVIUM_RETURN_IF_ERROR(mysql::CheckSchema(*pool_, kSchemaVersion, kSchemaVersion + 1));
    TRIVIUM_RETURN_IF_ERROR(StartRelay());
  }
  purge_ = std::thread([this] { RunPurge(); });
  return absl::OkStatus();
}

absl::Status Persistence::StartRelay() {
  if (!settings_.kafka_brokers.empty()) {
    TRIVIUM_ASSIGN_OR_RETURN(
        producer_,
        kafka::NewProducer({.brokers = settings_.kafka_brokers, .client_id = settings_.instance_id}, metrics_));
  }
  leases_ = mysql::NewLeaseStore(*pool_, clock_);
  relay_ = std::make_unique<kafka::OutboxRelay>(kafka::RelayOptions{.holder = settings_.instance_id}, *pool_, *leases_,
                                                producer_.get(), clock_, metrics_);
  relay_->Start();
  return absl::OkStatus();
}

void Persistence::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (purge_.joinable()) purge_.join();
  if (relay_ != nullptr) relay_->Stop();
}

void Persistence::RunPurge() {
  while (true) {
    const absl::Time now = clock_.Now();
    const auto purged = store_->Purge(now - settings_.request_retention, now - kKeepLostInstances, now + kPurgeTimeout);
    if (!purged.ok()) TRIVIUM_LOG(kWarning, "cannot purge", {"error", purged.status()});
    MutexLock lock(mu_);
    if (!stopping_) wake_.WaitFor(mu_, kPurgeEvery);
    if (stopping_) return;
  }
}

}  // namespace trivium::control
