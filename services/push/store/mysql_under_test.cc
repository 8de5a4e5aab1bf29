#include "services/push/store/mysql_under_test.h"

#include <utility>

#include "libs/clock/clock.h"
#include "libs/kafka/test_outbox.h"
#include "libs/telemetry/metrics.h"
#include "services/push/store/mysql_store.h"

namespace trivium::push {
namespace {

constexpr char kSchema[] = "push";

class Mysql : public StoreUnderTest {
 public:
  Mysql(mysql::PoolOptions options, Metrics* metrics)
      : metrics_(metrics != nullptr ? *metrics : own_metrics_),
        pool_(mysql::NewPool(std::move(options), Clock::Real(), metrics_)),
        store_(*pool_, *ids_, metrics_, EncodeForTest, [this] { relay_.Wake(); }) {}
  Store& store() override { return store_; }
  void Settle(const std::string& product) override { relay_.Settle(product); }

 private:
  Metrics own_metrics_;
  Metrics& metrics_;
  const std::unique_ptr<mysql::Pool> pool_;
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  kafka::TestRelay relay_{TestDatabaseOptions()};
  MysqlStore store_;
};

}  // namespace

mysql::TestServer& TestDatabase() { return kafka::TestDatabase(kSchema, "migrations/push"); }

mysql::PoolOptions TestDatabaseOptions() { return kafka::PatientOptions(TestDatabase(), kSchema); }

std::unique_ptr<StoreUnderTest> NewMysqlUnderTest(mysql::PoolOptions options, Metrics* metrics) {
  return std::make_unique<Mysql>(std::move(options), metrics);
}

}  // namespace trivium::push
