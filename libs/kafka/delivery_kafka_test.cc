// The whole way: a transaction, the outbox, its relays, a real broker that is killed in the middle, a consumer.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "libs/clock/clock.h"
#include "libs/kafka/consumer.h"
#include "libs/kafka/outbox.h"
#include "libs/kafka/producer.h"
#include "libs/kafka/test_broker.h"
#include "libs/kafka/test_tables.h"
#include "libs/mysql/lease_store.h"
#include "libs/mysql/test_server.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"

namespace trivium::kafka {
namespace {

constexpr char kTopic[] = "trivium.test.events.v1";
constexpr int kKeys = 5, kEach = 200;

constexpr char kTables[] =
    "CREATE TABLE aggregate (id INT PRIMARY KEY, n INT NOT NULL);\n"
    "INSERT INTO aggregate VALUES (0,0),(1,0),(2,0),(3,0),(4,0);\n"
    "CREATE TABLE effect (place INT AUTO_INCREMENT PRIMARY KEY, message_key VARCHAR(20) NOT NULL, n INT NOT NULL);\n";

// The key's next number, and its event, in one transaction.
absl::Status Step(mysql::Pool& pool, IdGenerator& ids, int64_t key) {
  return pool.Transact("step", absl::Now() + absl::Seconds(30), [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(db.Execute("UPDATE aggregate SET n = n + 1 WHERE id = ?", {key}).status());
    TRIVIUM_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT n FROM aggregate WHERE id = ?", {key}));
    const Event event = {.id = ids.Next(),
                         .topic = kTopic,
                         .key = "k" + std::to_string(key),
                         .type = "T",
                         .product = key % 2 ? "acme" : "globex",
                         .subject = "s",
                         .time = absl::Now(),
                         .payload = rows[0].Text(0)};
    return WriteOutbox(db, {&event, 1});
  });
}

absl::Status WriteEffect(mysql::Connection& db, const Event& event) {
  return db.Execute("INSERT INTO effect (message_key, n) VALUES (?, ?)", {event.key, int64_t{std::stoi(event.payload)}})
      .status();
}

std::map<std::string, std::vector<int64_t>> Effects(mysql::Pool& pool) {
  std::map<std::string, std::vector<int64_t>> effects;
  EXPECT_EQ(pool.Use("effects", absl::Now() + absl::Seconds(5),
                     [&](mysql::Connection& db) -> absl::Status {
                       effects.clear();
                       TRIVIUM_ASSIGN_OR_RETURN(auto rows,
                                                db.Query("SELECT message_key, n FROM effect ORDER BY place"));
                       for (const mysql::Row& row : rows) effects[row.Text(0)].push_back(row.Int(1));
                       return absl::OkStatus();
                     }),
            absl::OkStatus());
  return effects;
}

size_t Total(const std::map<std::string, std::vector<int64_t>>& effects) {
  size_t total = 0;
  for (const auto& [key, numbers] : effects) total += numbers.size();
  return total;
}

TEST(Delivery, EveryEventOnceAndInOrderThoughTheBrokerDies) {
  auto server = mysql::TestServer::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  auto broker = TestBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  ASSERT_TRUE((*server)->CreateSchema("t").ok());
  ASSERT_TRUE((*server)->Run("t", kTestTables).ok());
  ASSERT_TRUE((*server)->Run("t", kTables).ok());
  ASSERT_EQ((*broker)->CreateTopic(kTopic, 3), absl::OkStatus());
  ASSERT_EQ((*broker)->CreateTopic(std::string(kTopic) + ".dead", 1), absl::OkStatus());

  Metrics metrics;
  auto pool = mysql::NewPool((*server)->pool_options("t"), Clock::Real(), metrics);
  auto leases = mysql::NewLeaseStore(*pool, Clock::Real());
  auto ids = NewIdGenerator(Clock::Real());
  auto producer =
      *NewProducer({.brokers = (*broker)->brokers(), .client_id = "p", .delivery_timeout = absl::Seconds(3)}, metrics);
  OutboxRelay a({.holder = "a", .batch_max = 50}, *pool, *leases, producer.get(), Clock::Real(), metrics);
  OutboxRelay b({.holder = "b", .batch_max = 50}, *pool, *leases, producer.get(), Clock::Real(), metrics);
  auto consumer = NewConsumer({.brokers = (*broker)->brokers(), .client_id = "c", .group = "g", .topics = {kTopic}},
                              *pool, Clock::Real(), metrics, WriteEffect);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  a.Start();
  b.Start();
  (*consumer)->Start();

  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&] {
      for (int i = 0; i < kKeys * kEach / 2; ++i) EXPECT_EQ(Step(*pool, *ids, i % kKeys), absl::OkStatus());
    });
  }
  while (Total(Effects(*pool)) < 50) absl::SleepFor(absl::Milliseconds(20));
  (*broker)->Kill9();
  for (std::thread& t : writers) t.join();
  EXPECT_LT(Total(Effects(*pool)), size_t{kKeys * kEach}) << "the broker died after everything: the test has no teeth";
  ASSERT_EQ((*broker)->Restart(), absl::OkStatus());

  for (int i = 0; i < 3000 && Total(Effects(*pool)) < kKeys * kEach; ++i) absl::SleepFor(absl::Milliseconds(20));
  (*consumer)->Stop();
  a.Stop();
  b.Stop();
  const auto effects = Effects(*pool);
  EXPECT_EQ(Total(effects), size_t{kKeys * kEach});
  for (const auto& [key, numbers] : effects) {
    for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], static_cast<int64_t>(i) + 1) << key;
  }
}

}  // namespace
}  // namespace trivium::kafka
