#include "libs/kafka/producer.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/kafka/rdkafka.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::kafka {
namespace {

constexpr Metric kProduced{
    "trivium_kafka_produced_total", "Messages whose fate is known, by topic and code.", {"topic", "code"}};

// What one call of Send waits for; librdkafka reports each message once.
class Deliveries {
 public:
  void Expect() {
    MutexLock lock(mu_);
    ++pending_;
  }
  void Report(rd_kafka_resp_err_t error) {
    MutexLock lock(mu_);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && first_error_ == RD_KAFKA_RESP_ERR_NO_ERROR) first_error_ = error;
    if (--pending_ == 0) done_.NotifyAll();
  }
  rd_kafka_resp_err_t Await() {
    MutexLock lock(mu_);
    while (pending_ > 0) done_.Wait(mu_);
    return first_error_;
  }

 private:
  Mutex mu_;
  CondVar done_;
  int pending_ ABSL_GUARDED_BY(mu_) = 0;
  rd_kafka_resp_err_t first_error_ ABSL_GUARDED_BY(mu_) = RD_KAFKA_RESP_ERR_NO_ERROR;
};

void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  static_cast<Deliveries*>(message->_private)->Report(message->err);
}

// One librdkafka producer and the thread that serves its callbacks. After a fatal error (a gap in the order) it is of
// no more use.
class Session {
 public:
  static absl::StatusOr<std::shared_ptr<Session>> Open(const ProducerOptions& options) {
    TRIVIUM_ASSIGN_OR_RETURN(
        ConfPtr conf,
        NewConf({{"bootstrap.servers", options.brokers},
                 {"client.id", options.client_id},
                 {"enable.idempotence", "true"},
                 // A lost message ends the session, so that no later one overtakes it.
                 {"enable.gapless.guarantee", "true"},
                 {"acks", "all"},
                 {"compression.type", "lz4"},
                 {"linger.ms", "1"},
                 {"delivery.timeout.ms", absl::StrCat(absl::ToInt64Milliseconds(options.delivery_timeout))},
                 {"queue.buffering.max.messages", absl::StrCat(options.queue_max)},
                 {"reconnect.backoff.max.ms", "1000"},
                 {"topic.metadata.propagation.max.ms", "5000"}}));
    rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
    TRIVIUM_ASSIGN_OR_RETURN(ClientPtr client, NewClient(RD_KAFKA_PRODUCER, std::move(conf)));
    return std::make_shared<Session>(std::move(client));
  }

  explicit Session(ClientPtr client) : client_(std::move(client)), poller_([this] { Poll(); }) {}
  ~Session() {
    // Nothing waits here: each Send has awaited its messages.
    stop_ = true;
    poller_.join();
  }

  bool fatal() const { return rd_kafka_fatal_error(client_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR; }

  // Queues a message; waits while the queue is full.
  rd_kafka_resp_err_t Produce(const Message& message, Deliveries* deliveries) {
    while (true) {
      const rd_kafka_resp_err_t error = TryProduce(message, deliveries);
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return error;
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

 private:
  rd_kafka_resp_err_t TryProduce(const Message& message, Deliveries* deliveries) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
    for (const auto& [name, value] : message.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    deliveries->Expect();
    // An empty key would be a key like any other: without one the partition is free.
    const void* key = message.key.empty() ? nullptr : message.key.data();
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client_.get(), RD_KAFKA_V_TOPIC(message.topic.c_str()), RD_KAFKA_V_KEY(key, message.key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(message.payload.data()), message.payload.size()),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(deliveries),
        RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    rd_kafka_headers_destroy(headers);
    // Not taken: there will be no report. QUEUE_FULL is tried again.
    deliveries->Report(error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? RD_KAFKA_RESP_ERR_NO_ERROR : error);
    return error;
  }

  void Poll() {
    while (!stop_) rd_kafka_poll(client_.get(), 50);
  }

  ClientPtr client_;
  std::atomic<bool> stop_{false};
  std::thread poller_;
};

class KafkaProducer : public Producer {
 public:
  KafkaProducer(ProducerOptions options, Metrics& metrics) : options_(std::move(options)), metrics_(metrics) {}

  absl::Status Init() { return Current().status(); }

  absl::Status Send(std::span<const Event> events) override {
    std::vector<Message> messages;
    messages.reserve(events.size());
    for (const Event& event : events) messages.push_back(ToMessage(event));
    return SendMessages(messages);
  }

  absl::Status SendMessages(std::span<const Message> messages) override {
    if (messages.empty()) return absl::OkStatus();
    TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, Current());
    Deliveries deliveries;
    for (const Message& message : messages) {
      if (session->Produce(message, &deliveries) != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    }
    const rd_kafka_resp_err_t error = deliveries.Await();
    absl::Status status =
        error == RD_KAFKA_RESP_ERR_NO_ERROR ? absl::OkStatus() : KafkaError(error, "send to " + messages[0].topic);
    metrics_.GetCounter(kProduced, {messages[0].topic, absl::StatusCodeToString(status.code())})
        .Add(static_cast<double>(messages.size()));
    return status;
  }

 private:
  // The session, or a new one after a fatal error. Senders that still hold the old one keep it until their messages are
  // reported.
  absl::StatusOr<std::shared_ptr<Session>> Current() {
    MutexLock lock(mu_);
    if (session_ == nullptr || session_->fatal()) {
      TRIVIUM_ASSIGN_OR_RETURN(session_, Session::Open(options_));
    }
    return session_;
  }

  const ProducerOptions options_;
  Metrics& metrics_;
  Mutex mu_;
  std::shared_ptr<Session> session_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Producer>> NewProducer(const ProducerOptions& options, Metrics& metrics) {
  auto producer = std::make_unique<KafkaProducer>(options, metrics);
  TRIVIUM_RETURN_IF_ERROR(producer->Init());
  return producer;
}

absl::Status EnsureTopic(const std::string& brokers, const std::string& topic, int partitions, absl::Duration timeout) {
  TRIVIUM_ASSIGN_OR_RETURN(ConfPtr conf, NewConf({{"bootstrap.servers", brokers}}));
  TRIVIUM_ASSIGN_OR_RETURN(const ClientPtr client, NewClient(RD_KAFKA_PRODUCER, std::move(conf)));
  char text[512];
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, text, sizeof(text));
  if (wanted == nullptr) return absl::InvalidArgumentError(absl::StrCat("topic ", topic, ": ", text));
  const std::unique_ptr<rd_kafka_NewTopic_t, Destroys<rd_kafka_NewTopic_destroy>> owned(wanted);
  const std::unique_ptr<rd_kafka_queue_t, Destroys<rd_kafka_queue_destroy>> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_CreateTopics(client.get(), &wanted, 1, nullptr, queue.get());
  const std::unique_ptr<rd_kafka_event_t, Destroys<rd_kafka_event_destroy>> event(
      rd_kafka_queue_poll(queue.get(), static_cast<int>(absl::ToInt64Milliseconds(timeout))));
  if (event == nullptr) return KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "create topic " + topic);
  rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    size_t count = 0;
    const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
    if (count > 0) error = rd_kafka_topic_result_error(results[0]);
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return absl::OkStatus();
  return KafkaError(error, "create topic " + topic);
}

}  // namespace trivium::kafka
