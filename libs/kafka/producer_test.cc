// The producer against librdkafka's mock cluster, which injects what a broker does rarely.
#include "libs/kafka/producer.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <thread>

#include "libs/clock/clock.h"
#include "libs/kafka/rdkafka.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"

namespace trivium::kafka {
namespace {

constexpr int kProduceRequest = 0;  // Kafka's API key.

class ProducerTest : public testing::Test {
 protected:
  ProducerTest()
      : owner_(*NewClient(RD_KAFKA_PRODUCER, *NewConf({}))),
        cluster_(rd_kafka_mock_cluster_new(owner_.get(), 1)),
        ids_(NewSeededIdGenerator(clock_, 7)) {
    rd_kafka_mock_topic_create(cluster_.get(), "t", 1, 1);
  }

  std::unique_ptr<Producer> NewTestProducer(absl::Duration delivery_timeout = absl::Seconds(10)) {
    return *NewProducer({.brokers = rd_kafka_mock_cluster_bootstraps(cluster_.get()),
                         .client_id = "test",
                         .delivery_timeout = delivery_timeout},
                        metrics_);
  }
  std::vector<Event> Events(int n, size_t payload = 10) {
    std::vector<Event> events;
    for (int i = 0; i < n; ++i) {
      events.push_back({.id = ids_->Next(),
                        .topic = "t",
                        .key = "k",
                        .type = "T",
                        .product = "acme",
                        .payload = std::string(payload, 'x')});
    }
    return events;
  }

  FakeClock clock_;
  Metrics metrics_;
  ClientPtr owner_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroys<rd_kafka_mock_cluster_destroy>> cluster_;
  std::unique_ptr<IdGenerator> ids_;
};

TEST_F(ProducerTest, WaitsUntilAllAreTaken) {
  auto producer = NewTestProducer();
  EXPECT_EQ(producer->Send(Events(100)), absl::OkStatus());
  EXPECT_EQ(producer->Send({}), absl::OkStatus());
  EXPECT_EQ(metrics_.GetCounter({"trivium_kafka_produced_total", "", {"topic", "code"}}, {"t", "OK"}).Value(), 100);
}

TEST_F(ProducerTest, PassingErrorsOfTheBrokerAreNotSeen) {
  auto producer = NewTestProducer();
  ASSERT_TRUE(producer->Send(Events(1)).ok());
  rd_kafka_mock_push_request_errors(cluster_.get(), kProduceRequest, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT);
  EXPECT_EQ(producer->Send(Events(10)), absl::OkStatus());
}

TEST_F(ProducerTest, DeadBrokerIsUnavailableInTimeAndWorksWhenItIsBack) {
  auto producer = NewTestProducer(absl::Milliseconds(1500));
  ASSERT_TRUE(producer->Send(Events(1)).ok());
  rd_kafka_mock_broker_set_down(cluster_.get(), 1);
  const absl::Time start = absl::Now();
  const absl::Status status = producer->Send(Events(5));
  EXPECT_EQ(ReasonOf(status), "BROKER_UNAVAILABLE") << status;
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  rd_kafka_mock_broker_set_up(cluster_.get(), 1);
  absl::Status again = absl::UnavailableError("not tried");
  for (int i = 0; i < 10 && !again.ok(); ++i) again = producer->Send(Events(5));
  EXPECT_EQ(again, absl::OkStatus());
}

TEST_F(ProducerTest, TooLargeIsRefusedAndTheNextIsTaken) {
  auto producer = NewTestProducer();
  const absl::Status status = producer->Send(Events(1, 2 << 20));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(producer->Send(Events(1)), absl::OkStatus());
}

TEST_F(ProducerTest, ManyThreadsShareIt) {
  auto producer = NewTestProducer();
  std::vector<std::vector<Event>> work;
  for (int i = 0; i < 40; ++i) work.push_back(Events(20));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < 40; i += 4) EXPECT_EQ(producer->Send(work[i]), absl::OkStatus());
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST_F(ProducerTest, WrongOptionsAreRefused) {
  EXPECT_EQ(NewProducer({.brokers = "127.0.0.1:1", .client_id = "x", .queue_max = -5}, metrics_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trivium::kafka
