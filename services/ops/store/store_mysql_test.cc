#include <gtest/gtest.h>

#include "libs/clock/clock.h"
#include "libs/mysql/test_server.h"
#include "libs/telemetry/metrics.h"
#include "services/ops/store/activities.h"
#include "services/ops/store/session_store.h"

namespace trivium::ops {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

mysql::TestServer& Server() {
  static mysql::TestServer* server = mysql::TestServer::Start().value().release();
  return *server;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Server().CreateSchema("ops").ok());
    const auto migrated = mysql::Migrate(Server().pool_options("ops"), "migrations/ops", Clock::Real());
    ASSERT_TRUE(migrated.ok()) << migrated.status();
    pool_ = mysql::NewPool(Server().pool_options("ops"), Clock::Real(), metrics_);
  }
  static absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

  Metrics metrics_;
  std::unique_ptr<mysql::Pool> pool_;
};

TEST_F(StoreTest, BothSessionStoresFindUntilExpiry) {
  for (auto make : {0, 1}) {
    const auto store = make == 0 ? NewMysqlSessionStore(*pool_) : NewMemorySessionStore();
    const SessionRecord session{std::string(32, '\xfe'), "alice", std::string(32, '\0'), kNow, kNow + absl::Hours(1)};
    ASSERT_TRUE(store->Insert(session, Soon()).ok());
    const auto found = store->Find(session.token_hash, kNow, Soon());
    ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
    EXPECT_EQ((*found)->user_name, "alice");
    EXPECT_EQ((*found)->credential, session.credential);
    EXPECT_EQ((*found)->expire_time, session.expire_time);
    EXPECT_FALSE(store->Find(session.token_hash, session.expire_time, Soon())->has_value());
    EXPECT_FALSE(store->Find(std::string(32, 'x'), kNow, Soon())->has_value());
    ASSERT_TRUE(store->PurgeExpired(session.expire_time, Soon()).ok());
    EXPECT_FALSE(store->Find(session.token_hash, kNow, Soon())->has_value());
    ASSERT_TRUE(store->Insert(session, Soon()).ok());
    ASSERT_TRUE(store->Delete(session.token_hash, Soon()).ok());
    EXPECT_FALSE(store->Find(session.token_hash, kNow, Soon())->has_value());
  }
}

TEST_F(StoreTest, ActivitiesComeNewestFirstAndByProduct) {
  const absl::Status status = pool_->Use("test", Soon(), [](mysql::Connection& db) -> absl::Status {
    FakeClock clock(kNow);
    const auto ids = NewSeededIdGenerator(clock, 1);
    for (int i = 0; i < 5; ++i) {
      for (const char* product : {"acme", "globex"}) {
        const ActivityRecord record{product,     ids->Next(), kNow + absl::Seconds(i),
                                    "payment",   "pay_x",     "订单-" + std::to_string(i),
                                    "SUCCEEDED", 100 + i,     "CNY"};
        if (absl::Status s = InsertActivity(db, record); !s.ok()) return s;
      }
    }
    const auto newest = NewestActivities(db, "acme", 3);
    if (!newest.ok()) return newest.status();
    EXPECT_EQ(newest->size(), 3u);
    EXPECT_EQ(newest->front().order_ref, "订单-4");
    EXPECT_EQ(newest->front().amount_minor, 104);
    EXPECT_EQ(newest->back().order_ref, "订单-2");
    if (absl::Status s = PurgeActivities(db, kNow + absl::Seconds(3)); !s.ok()) return s;
    EXPECT_EQ(NewestActivities(db, "acme", 10)->size(), 2u);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace trivium::ops
