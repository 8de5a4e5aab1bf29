#include "services/push/store/mysql_under_test.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "libs/clock/clock.h"
#include "libs/kafka/outbox.h"
#include "libs/mysql/lease_store.h"
#include "libs/telemetry/metrics.h"
#include "services/push/store/mysql_store.h"

namespace trivium::push {
namespace {

constexpr char kSchema[] = "push";

class StopDatabase : public ::testing::Environment {
 public:
  void TearDown() override { delete &TestDatabase(); }
};
const auto* const kStopDatabase = ::testing::AddGlobalTestEnvironment(new StopDatabase);

class Mysql : public StoreUnderTest {
 public:
  Mysql(mysql::PoolOptions options, Metrics* metrics)
      : metrics_(metrics != nullptr ? *metrics : own_metrics_),
        pool_(mysql::NewPool(std::move(options), Clock::Real(), metrics_)),
        store_(*pool_, *ids_, metrics_, EncodeForTest, [this] { relay_.Wake(); }) {
    relay_.Start();
  }
  ~Mysql() override { relay_.Stop(); }
  Store& store() override { return store_; }

  void Settle(const std::string& product) override {
    for (int i = 0; i < 600; ++i) {
      if (Waiting(product) == 0) return;
      relay_.Wake();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << "events were not sequenced";
  }

 private:
  // Events without a number; -1: not to be found out.
  int64_t Waiting(const std::string& product) {
    int64_t waiting = -1;
    const absl::Status counted =
        relay_pool_->Use("waiting", absl::Now() + absl::Seconds(10), [&](mysql::Connection& db) -> absl::Status {
          const auto rows = db.Query("SELECT COUNT(*) FROM outbox WHERE product = ? AND seq IS NULL", {product});
          if (rows.ok()) waiting = (*rows)[0].Int(0);
          return rows.status();
        });
    EXPECT_TRUE(counted.ok()) << counted;
    return waiting;
  }

  Metrics own_metrics_, relay_metrics_;
  Metrics& metrics_;
  const std::unique_ptr<mysql::Pool> pool_;
  const std::unique_ptr<mysql::Pool> relay_pool_ = mysql::NewPool(TestDatabaseOptions(), Clock::Real(), relay_metrics_);
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  const std::unique_ptr<ha::LeaseStore> leases_ = mysql::NewLeaseStore(*relay_pool_, Clock::Real());
  kafka::OutboxRelay relay_{{.holder = "test"}, *relay_pool_, *leases_, nullptr, Clock::Real(), relay_metrics_};
  MysqlStore store_;
};

}  // namespace

mysql::TestServer& TestDatabase() {
  static mysql::TestServer* server = [] {
    auto started = mysql::TestServer::Start();
    EXPECT_TRUE(started.ok()) << started.status();
    mysql::TestServer* s = started->release();
    EXPECT_TRUE(s->CreateSchema(kSchema).ok());
    const auto migrated = mysql::Migrate(s->pool_options(kSchema), "migrations/push", Clock::Real());
    EXPECT_TRUE(migrated.ok()) << migrated.status();
    return s;
  }();
  return *server;
}

mysql::PoolOptions TestDatabaseOptions() {
  mysql::PoolOptions options = TestDatabase().pool_options(kSchema);
  options.max_connections = 24;
  options.acquire_timeout = absl::Seconds(20);
  return options;
}

std::unique_ptr<StoreUnderTest> NewMysqlUnderTest(mysql::PoolOptions options, Metrics* metrics) {
  return std::make_unique<Mysql>(std::move(options), metrics);
}

}  // namespace trivium::push
