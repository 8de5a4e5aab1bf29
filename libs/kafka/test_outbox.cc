#include "libs/kafka/test_outbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/kafka/outbox.h"
#include "libs/mysql/lease_store.h"
#include "libs/telemetry/metrics.h"

namespace trivium::kafka {
namespace {

std::unique_ptr<mysql::TestServer>& Server() {
  static auto* server = new std::unique_ptr<mysql::TestServer>;
  return *server;
}

class StopServer : public ::testing::Environment {
 public:
  void TearDown() override { Server().reset(); }
};
const auto* const kStopServer = ::testing::AddGlobalTestEnvironment(new StopServer);

}  // namespace

mysql::TestServer& TestDatabase(const std::string& schema, const std::string& migrations) {
  std::unique_ptr<mysql::TestServer>& server = Server();
  if (server != nullptr) return *server;
  auto started = mysql::TestServer::Start();
  EXPECT_TRUE(started.ok()) << started.status();
  server = *std::move(started);
  EXPECT_TRUE(server->CreateSchema(schema).ok());
  const auto migrated = mysql::Migrate(server->pool_options(schema), migrations, Clock::Real());
  EXPECT_TRUE(migrated.ok()) << migrated.status();
  return *server;
}

mysql::PoolOptions PatientOptions(const mysql::TestServer& server, const std::string& schema) {
  mysql::PoolOptions options = server.pool_options(schema);
  options.max_connections = 24;
  options.acquire_timeout = absl::Seconds(20);
  return options;
}

struct TestRelay::Impl {
  explicit Impl(mysql::PoolOptions options) : pool(mysql::NewPool(std::move(options), Clock::Real(), metrics)) {}

  // Events without a number; -1: not to be found out.
  int64_t Waiting(const std::string& product) {
    int64_t waiting = -1;
    const absl::Status counted =
        pool->Use("waiting", absl::Now() + absl::Seconds(10), [&](mysql::Connection& db) -> absl::Status {
          const auto rows = db.Query("SELECT COUNT(*) FROM outbox WHERE product = ? AND seq IS NULL", {product});
          if (rows.ok()) waiting = (*rows)[0].Int(0);
          return rows.status();
        });
    EXPECT_TRUE(counted.ok()) << counted;
    return waiting;
  }

  Metrics metrics;
  const std::unique_ptr<mysql::Pool> pool;
  const std::unique_ptr<ha::LeaseStore> leases = mysql::NewLeaseStore(*pool, Clock::Real());
  OutboxRelay relay{{.holder = "test"}, *pool, *leases, nullptr, Clock::Real(), metrics};
};

TestRelay::TestRelay(mysql::PoolOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->relay.Start();
}

TestRelay::~TestRelay() { impl_->relay.Stop(); }

void TestRelay::Wake() { impl_->relay.Wake(); }

void TestRelay::Settle(const std::string& product) {
  for (int i = 0; i < 600; ++i) {
    if (impl_->Waiting(product) == 0) return;
    Wake();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL() << "events were not numbered";
}

}  // namespace trivium::kafka
