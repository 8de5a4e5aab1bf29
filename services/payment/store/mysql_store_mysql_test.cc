#include <gtest/gtest.h>

#include <thread>

#include "libs/clock/clock.h"
#include "libs/kafka/outbox.h"
#include "libs/mysql/lease_store.h"
#include "libs/mysql/test_server.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/store/mysql_store.h"
#include "services/payment/store/store_conformance.h"

namespace trivium::payment {
namespace {

constexpr char kSchema[] = "payment";

// One server for all tests; each test has a product of its own.
mysql::TestServer& Server() {
  static mysql::TestServer* server = [] {
    auto started = mysql::TestServer::Start();
    EXPECT_TRUE(started.ok()) << started.status();
    mysql::TestServer* s = started->release();
    EXPECT_TRUE(s->CreateSchema(kSchema).ok());
    const auto migrated = mysql::Migrate(s->pool_options(kSchema), "migrations/payment", Clock::Real());
    EXPECT_TRUE(migrated.ok()) << migrated.status();
    return s;
  }();
  return *server;
}

class StopServer : public ::testing::Environment {
 public:
  void TearDown() override { delete &Server(); }
};
const auto* const kStopServer = ::testing::AddGlobalTestEnvironment(new StopServer);

class Mysql : public StoreUnderTest {
 public:
  Mysql() { relay_.Start(); }
  ~Mysql() override { relay_.Stop(); }
  Store& store() override { return store_; }
  void Settle(const std::string& product) override {
    for (int i = 0; i < 600; ++i) {
      int64_t waiting = -1;
      EXPECT_TRUE(pool_
                      ->Use("waiting", absl::Now() + absl::Seconds(10),
                            [&](mysql::Connection& db) -> absl::Status {
                              const auto rows =
                                  db.Query("SELECT COUNT(*) FROM outbox WHERE product = ? AND seq IS NULL", {product});
                              if (rows.ok()) waiting = (*rows)[0].Int(0);
                              return rows.status();
                            })
                      .ok());
      if (waiting == 0) return;
      relay_.Wake();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << "events were not sequenced";
  }

 private:
  static mysql::PoolOptions Options() {
    mysql::PoolOptions options = Server().pool_options(kSchema);
    options.max_connections = 24;
    options.acquire_timeout = absl::Seconds(20);
    return options;
  }

  Metrics metrics_;
  std::unique_ptr<mysql::Pool> pool_ = mysql::NewPool(Options(), Clock::Real(), metrics_);
  std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  std::unique_ptr<ha::LeaseStore> leases_ = mysql::NewLeaseStore(*pool_, Clock::Real());
  kafka::OutboxRelay relay_{{.holder = "test"}, *pool_, *leases_, nullptr, Clock::Real(), metrics_};
  MysqlStore store_{*pool_, *ids_, metrics_, [this] { relay_.Wake(); }};
};

}  // namespace

std::unique_ptr<StoreUnderTest> NewStoreUnderTest() { return std::make_unique<Mysql>(); }

}  // namespace trivium::payment
