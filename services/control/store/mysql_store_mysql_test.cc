// The MySQL engine: the conformance suite, and what only it does.
#include "services/control/store/mysql_store.h"

#include <cstdlib>
#include <thread>

#include "libs/id/id.h"
#include "libs/kafka/outbox.h"
#include "libs/mysql/test_server.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/control/store/store_conformance.h"
#include "trivium/control/v1/route_plan.pb.h"

namespace trivium::control {
namespace {

mysql::TestServer& Server() {
  static mysql::TestServer* server = [] {
    auto started = mysql::TestServer::Start();
    if (!started.ok()) std::abort();
    std::atexit([] { delete server; });
    return started->release();
  }();
  return *server;
}

Metrics& TestMetrics() {
  static auto* metrics = new Metrics;
  return *metrics;
}

void Prepare() {
  ASSERT_EQ(Server().CreateSchema("control"), absl::OkStatus());
  const auto migrated = mysql::Migrate(Server().pool_options("control"), "migrations/control", Clock::Real());
  ASSERT_TRUE(migrated.ok()) << migrated.status();
  ASSERT_EQ(migrated->version, kSchemaVersion);
}

// A store with a pool of its own.
class OwningStore : public Store {
 public:
  explicit OwningStore(Clock& clock)
      : pool_(mysql::NewPool(Server().pool_options("control"), Clock::Real(), TestMetrics())),
        ids_(NewIdGenerator(clock)),
        store_(NewMysqlStore(*pool_, *ids_, clock)) {}

  mysql::Pool& pool() { return *pool_; }
  absl::StatusOr<Outcome> Change(const RequestKey& k, absl::Time d, const Body& b) override {
    return store_->Change(k, d, b);
  }
  absl::StatusOr<Outcome> Try(absl::Time deadline, const Body& body) override { return store_->Try(deadline, body); }
  absl::StatusOr<Progress> GetProgress(absl::Time d) override { return store_->GetProgress(d); }
  absl::StatusOr<std::optional<domain::ConfigItem>> GetConfig(std::string_view k, std::string_view n, int64_t v,
                                                              absl::Time d) override {
    return store_->GetConfig(k, n, v, d);
  }
  absl::StatusOr<std::vector<domain::ConfigItem>> ListConfigs(std::string_view k, std::string_view ak,
                                                              std::string_view an, int l, absl::Time d) override {
    return store_->ListConfigs(k, ak, an, l, d);
  }
  absl::StatusOr<std::vector<domain::ConfigItem>> ListConfigVersions(std::string_view k, std::string_view n, int64_t b,
                                                                     int l, absl::Time d) override {
    return store_->ListConfigVersions(k, n, b, l, d);
  }
  absl::StatusOr<std::vector<domain::ConfigItem>> ConfigsSince(int64_t r, absl::Time d) override {
    return store_->ConfigsSince(r, d);
  }
  absl::StatusOr<domain::Plan> GetPlan(absl::Time d) override { return store_->GetPlan(d); }
  absl::StatusOr<std::vector<AuditRecord>> ListAudit(std::string_view o, int64_t b, int l, absl::Time d) override {
    return store_->ListAudit(o, b, l, d);
  }
  absl::StatusOr<std::vector<InstanceRow>> LoadInstances(absl::Time d) override { return store_->LoadInstances(d); }
  absl::Status SaveInstance(const InstanceRow& r, bool t, absl::Time d) override {
    return store_->SaveInstance(r, t, d);
  }
  absl::StatusOr<int64_t> Purge(absl::Time r, absl::Time i, absl::Time d) override { return store_->Purge(r, i, d); }

 private:
  std::unique_ptr<mysql::Pool> pool_;
  std::unique_ptr<IdGenerator> ids_;
  std::unique_ptr<Store> store_;
};

std::unique_ptr<Store> Make(Clock& clock) {
  Prepare();
  return std::make_unique<OwningStore>(clock);
}

INSTANTIATE_TEST_SUITE_P(Mysql, StoreConformanceTest, testing::Values(StoreMaker(Make)));

TEST(MysqlStoreTest, AnEventLeavesWithEveryChange) {
  Prepare();
  OwningStore store(Clock::Real());
  const absl::Time soon = absl::Now() + absl::Seconds(10);
  const RequestKey key{
      .caller = "operator:dev", .request_id = "request-1", .method = "M", .request = "r", .same = [](auto, auto) {
        return absl::OkStatus();
      }};
  const auto outcome = store.Change(key, soon, [](Store::Transaction& t) -> absl::StatusOr<Outcome> {
    AuditRecord audit{.time = absl::FromUnixSeconds(9),
                      .actor = "operator:dev",
                      .caller = "operator:dev",
                      .action = "SetRoute",
                      .object = "route/acme/payment",
                      .product = "acme",
                      .reason = "r",
                      .after_json = "{}"};
    TRIVIUM_RETURN_IF_ERROR(t.AddAudit(&audit));
    return Outcome{};
  });
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(store.pool().Use("test", soon,
                             [](mysql::Connection& db) -> absl::Status {
                               TRIVIUM_ASSIGN_OR_RETURN(
                                   const auto rows,
                                   db.Query("SELECT topic, product, message_key, payload FROM outbox"));
                               EXPECT_EQ(rows.size(), 1u);
                               EXPECT_EQ(rows.at(0).Text(0), "trivium.control.audit.v1");
                               EXPECT_EQ(rows.at(0).Text(1), "acme");
                               EXPECT_EQ(rows.at(0).Text(2), "route/acme/payment");
                               v1::AuditEntry entry;
                               EXPECT_TRUE(entry.ParseFromString(rows.at(0).Text(3)));
                               EXPECT_EQ(entry.action(), "SetRoute");
                               EXPECT_GT(entry.audit_id(), 0);
                               return absl::OkStatus();
                             }),
            absl::OkStatus());
}

TEST(MysqlStoreTest, ACrashOfTheDatabaseLosesNoAnsweredChange) {
  Prepare();
  OwningStore store(Clock::Real());
  const auto publish = [&](int i) {
    const RequestKey key{.caller = "operator:dev",
                         .request_id = "request-" + std::to_string(i),
                         .method = "M",
                         .request = "r",
                         .same = [](auto, auto) { return absl::OkStatus(); }};
    return store.Change(key, absl::Now() + absl::Seconds(5), [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
      domain::ConfigItem item{.kind = "k", .name = "n" + std::to_string(i), .version = 1};
      TRIVIUM_RETURN_IF_ERROR(t.InsertConfig(&item));
      return Outcome{};
    });
  };
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(publish(i).ok());
  Server().Kill9();
  EXPECT_FALSE(publish(5).ok());
  ASSERT_EQ(Server().Restart(), absl::OkStatus());
  absl::StatusOr<Outcome> again = publish(5);
  for (int i = 0; i < 50 && !again.ok(); ++i) again = publish(5);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(store.ListConfigs("k", "", "", 100, absl::Now() + absl::Seconds(5))->size(), 6u);
}

}  // namespace
}  // namespace trivium::control
