// The consumer against a real broker and a real database: each event has its effect once, whatever repeats, fails or is
// rubbish.
#include "libs/kafka/consumer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "libs/clock/clock.h"
#include "libs/kafka/producer.h"
#include "libs/kafka/rdkafka.h"
#include "libs/kafka/test_broker.h"
#include "libs/kafka/test_tables.h"
#include "libs/mysql/test_server.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::kafka {
namespace {

class ConsumerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = mysql::TestServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
    auto broker = TestBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = broker->release();
  }
  static void TearDownTestSuite() {
    delete server_;
    delete broker_;
  }
  void SetUp() override {
    ASSERT_NE(broker_, nullptr);
    ASSERT_TRUE(server_->CreateSchema("t").ok());
    ASSERT_EQ(server_->Run("t", kTestTables), absl::OkStatus());
    ASSERT_EQ(
        server_->Run("t", "CREATE TABLE effect (n INT AUTO_INCREMENT PRIMARY KEY, payload VARCHAR(40) NOT NULL);\n"),
        absl::OkStatus());
    pool_ = mysql::NewPool(server_->pool_options("t"), Clock::Real(), metrics_);
    ids_ = NewIdGenerator(Clock::Real());
    static int number = 0;
    topic_ = "topic" + std::to_string(++number);
    ASSERT_EQ(broker_->CreateTopic(topic_, 2), absl::OkStatus());
    ASSERT_EQ(broker_->CreateTopic(topic_ + ".dead", 1), absl::OkStatus());
    producer_ = *NewProducer({.brokers = broker_->brokers(), .client_id = "test"}, metrics_);
  }

  Event NewEvent(const std::string& payload, const std::string& key = "k") {
    return {.id = ids_->Next(),
            .topic = topic_,
            .key = key,
            .type = "T",
            .product = "acme",
            .subject = "s",
            .time = absl::Now(),
            .payload = payload};
  }
  void Send(const std::vector<Event>& events) { ASSERT_EQ(producer_->Send(events), absl::OkStatus()); }
  std::unique_ptr<Consumer> Consume(EventHandler handler, const std::string& group = "g") {
    auto consumer = NewConsumer({.brokers = broker_->brokers(),
                                 .client_id = "test",
                                 .group = group + topic_,
                                 .topics = {topic_},
                                 .max_attempts = 3},
                                *pool_, Clock::Real(), metrics_, std::move(handler));
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    (*consumer)->Start();
    return *std::move(consumer);
  }
  static absl::Status WriteEffect(mysql::Connection& db, const Event& event) {
    return db.Execute("INSERT INTO effect (payload) VALUES (?)", {event.payload}).status();
  }
  std::vector<std::string> Effects() {
    std::vector<std::string> effects;
    EXPECT_EQ(pool_->Use("effects", absl::Now() + absl::Seconds(5),
                         [&](mysql::Connection& db) -> absl::Status {
                           effects.clear();
                           TRIVIUM_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT payload FROM effect ORDER BY n"));
                           for (const mysql::Row& row : rows) effects.push_back(row.Text(0));
                           return absl::OkStatus();
                         }),
              absl::OkStatus());
    return effects;
  }
  template <typename F>
  static bool Eventually(F condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }
  // The dead letters that are there, by key, with their headers.
  std::map<std::string, std::map<std::string, std::string>> DeadLetters(size_t wanted) {
    ConfPtr conf = *NewConf({{"bootstrap.servers", broker_->brokers()},
                             {"group.id", "undertaker" + topic_},
                             {"auto.offset.reset", "earliest"}});
    const ClientPtr client = *NewClient(RD_KAFKA_CONSUMER, std::move(conf));
    const PartitionsPtr topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), (topic_ + ".dead").c_str(), 0)->offset = 0;
    rd_kafka_assign(client.get(), topics.get());
    std::map<std::string, std::map<std::string, std::string>> letters;
    for (int i = 0; i < 200 && letters.size() < wanted; ++i) {
      const MessagePtr message(rd_kafka_consumer_poll(client.get(), 100));
      if (message == nullptr || message->err) continue;
      auto& headers = letters[std::string(static_cast<const char*>(message->key), message->key_len)];
      headers["payload"] = std::string(static_cast<const char*>(message->payload), message->len);
      rd_kafka_headers_t* raw = nullptr;
      rd_kafka_message_headers(message.get(), &raw);
      const char* name;
      const void* value;
      size_t size;
      for (size_t h = 0; rd_kafka_header_get_all(raw, h, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++h) {
        headers[name] = std::string(static_cast<const char*>(value), size);
      }
    }
    return letters;
  }

  static mysql::TestServer* server_;
  static TestBroker* broker_;
  Metrics metrics_;
  std::string topic_;
  std::unique_ptr<mysql::Pool> pool_;
  std::unique_ptr<IdGenerator> ids_;
  std::unique_ptr<Producer> producer_;
};
mysql::TestServer* ConsumerTest::server_ = nullptr;
TestBroker* ConsumerTest::broker_ = nullptr;

TEST_F(ConsumerTest, HasEachEffectOnceThoughEventsRepeat) {
  std::vector<Event> events = {NewEvent("1"), NewEvent("2"), NewEvent("3")};
  Send(events);
  Send(events);
  Send({NewEvent("4")});
  auto consumer = Consume(WriteEffect);
  EXPECT_TRUE(Eventually([&] { return Effects().size() == 4; }));
  EXPECT_EQ(Effects(), (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(
      metrics_.GetCounter({"trivium_kafka_consumed_total", "", {"topic", "outcome"}}, {topic_, "duplicate"}).Value(),
      3);
}

TEST_F(ConsumerTest, NextMemberGoesOnWhereTheLastStopped) {
  Send({NewEvent("1"), NewEvent("2")});
  auto first = Consume(WriteEffect);
  ASSERT_TRUE(Eventually([&] { return Effects().size() == 2; }));
  first->Stop();
  Send({NewEvent("3")});
  std::atomic<int> runs{0};
  const absl::Time start = absl::Now();
  auto second = Consume([&](mysql::Connection& db, const Event& event) {
    ++runs;
    return WriteEffect(db, event);
  });
  EXPECT_TRUE(Eventually([&] { return Effects().size() == 3; }));
  EXPECT_EQ(runs, 1) << "offsets were committed";
  EXPECT_LT(absl::Now() - start, absl::Seconds(20)) << "the first left the group";
}

TEST_F(ConsumerTest, PoisonGoesToTheDeadLettersWithItsReasonAndTheRestGoesOn) {
  Send({NewEvent("before"), NewEvent("poison", "bad"), NewEvent("after", "bad"), NewEvent("after")});
  Message rubbish{.topic = topic_, .key = "rubbish", .payload = "x", .headers = {{"foreign", "header"}}};
  ASSERT_TRUE(producer_->SendMessages({&rubbish, 1}).ok());
  std::atomic<int> attempts{0};
  auto consumer = Consume([&](mysql::Connection& db, const Event& event) -> absl::Status {
    if (event.payload != "poison") return WriteEffect(db, event);
    ++attempts;
    EXPECT_TRUE(WriteEffect(db, event).ok());  // Rolled back.
    return absl::InvalidArgumentError("field x: bad");
  });
  EXPECT_TRUE(Eventually([&] { return Effects().size() == 3; }));
  auto letters = DeadLetters(2);
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(attempts, 3);
  EXPECT_EQ(letters["bad"]["payload"], "poison");
  EXPECT_EQ(letters["bad"]["trivium_dead_reason"], "INVALID_ARGUMENT: field x: bad");
  EXPECT_EQ(letters["bad"]["ce_product"], "acme");
  EXPECT_EQ(letters["rubbish"]["foreign"], "header");
  EXPECT_NE(letters["rubbish"]["trivium_dead_reason"].find("ce_id"), std::string::npos);
  EXPECT_EQ(Effects().size(), 3u);
}

TEST_F(ConsumerTest, PassingTroubleIsSatOutInOrder) {
  std::atomic<int> failures{8};
  std::vector<Event> events;
  for (int i = 0; i < 20; ++i) events.push_back(NewEvent(std::to_string(i)));
  Send(events);
  auto consumer = Consume([&](mysql::Connection& db, const Event& event) -> absl::Status {
    if (event.payload == "5" && failures-- > 0) return absl::UnavailableError("the world");
    return WriteEffect(db, event);
  });
  EXPECT_TRUE(Eventually([&] { return Effects().size() == 20; }));
  const auto effects = Effects();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(effects[i], std::to_string(i));
}

TEST_F(ConsumerTest, DatabaseAwayIsSatOut) {
  auto consumer = Consume(WriteEffect);
  Send({NewEvent("1")});
  ASSERT_TRUE(Eventually([&] { return Effects().size() == 1; }));
  server_->Kill9();
  Send({NewEvent("2"), NewEvent("3")});
  absl::SleepFor(absl::Milliseconds(500));
  ASSERT_EQ(server_->Restart(), absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return Effects().size() == 3; }));
}

TEST_F(ConsumerTest, TwoMembersShareTheWorkAndStopsLoseNothing) {
  auto first = Consume(WriteEffect);
  auto second = Consume(WriteEffect);
  for (int i = 0; i < 10; ++i) {
    std::vector<Event> events;
    for (int k = 0; k < 10; ++k) events.push_back(NewEvent(std::to_string(i * 10 + k), "key" + std::to_string(k)));
    Send(events);
    if (i == 4) first->Stop();
  }
  EXPECT_TRUE(Eventually([&] { return Effects().size() >= 100; }));
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(Effects().size(), 100u);
}

}  // namespace
}  // namespace trivium::kafka
