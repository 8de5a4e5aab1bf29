#include "services/live/store/mysql_under_test.h"

#include <utility>

#include "libs/clock/clock.h"
#include "libs/kafka/test_outbox.h"
#include "libs/telemetry/metrics.h"
#include "services/live/store/mysql_store.h"

namespace trivium::live {
namespace {

constexpr char kSchema[] = "live";

class Mysql : public StoreUnderTest {
 public:
  explicit Mysql(mysql::PoolOptions options)
      : pool_(mysql::NewPool(std::move(options), Clock::Real(), metrics_)),
        store_(*pool_, *ids_, metrics_, EncoderForTest(), [this] { relay_.Wake(); }) {}
  Store& store() override { return store_; }
  void Settle(const std::string& product) override { relay_.Settle(product); }

 private:
  Metrics metrics_;
  const std::unique_ptr<mysql::Pool> pool_;
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  kafka::TestRelay relay_{TestDatabaseOptions()};
  MysqlStore store_;
};

}  // namespace

mysql::TestServer& TestDatabase() { return kafka::TestDatabase(kSchema, "migrations/live"); }

mysql::PoolOptions TestDatabaseOptions() { return kafka::PatientOptions(TestDatabase(), kSchema); }

std::unique_ptr<StoreUnderTest> NewMysqlUnderTest(mysql::PoolOptions options) {
  return std::make_unique<Mysql>(std::move(options));
}

}  // namespace trivium::live
