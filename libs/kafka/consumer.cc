#include "libs/kafka/consumer.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/kafka/producer.h"
#include "libs/kafka/rdkafka.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace trivium::kafka {
namespace {

constexpr Metric kConsumed{
    "trivium_kafka_consumed_total", "Events by what became of them: handled, duplicate, dead.", {"topic", "outcome"}};
constexpr Metric kRetried{
    "trivium_kafka_handler_retries_total", "Handler runs that failed and were repeated.", {"topic", "code"}};

constexpr std::string_view kInsertConsumed =
    "INSERT INTO consumed_event (consumer, event_id, consume_time) VALUES (?, ?, ?)";
// Index by_time.
constexpr std::string_view kPurgeConsumed =
    "DELETE FROM consumed_event WHERE consume_time < ? ORDER BY consume_time LIMIT 500";

constexpr absl::Duration kHandlerTime = absl::Seconds(30);
constexpr absl::Duration kCommitEvery = absl::Seconds(1);
constexpr absl::Duration kPurgeEvery = absl::Minutes(1);
constexpr absl::Duration kRetryFirst = absl::Milliseconds(50), kRetryMost = absl::Seconds(5);
constexpr int kPollMs = 100;

// The event is fine, the world is not: never give up on it.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:  // No free connection.
      return true;
    default:
      return false;
  }
}

Message CopyOf(const rd_kafka_message_t& raw) {
  Message message{.topic = rd_kafka_topic_name(raw.rkt),
                  .key = raw.key == nullptr ? "" : std::string(static_cast<const char*>(raw.key), raw.key_len),
                  .payload = raw.payload == nullptr ? "" : std::string(static_cast<const char*>(raw.payload), raw.len),
                  .headers = {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return message;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    message.headers.emplace_back(name, value == nullptr ? "" : std::string(static_cast<const char*>(value), size));
  }
  return message;
}

// A message that was taken from the broker and not finished.
struct Pending {
  Message message;
  int32_t partition = 0;
  int64_t offset = 0;
  int attempts = 0;
  absl::Duration pause = kRetryFirst;
};

class KafkaConsumer : public Consumer {
 public:
  KafkaConsumer(ConsumerOptions options, mysql::Pool& pool, Clock& clock, Metrics& metrics, EventHandler handler)
      : options_(std::move(options)), pool_(pool), clock_(clock), metrics_(metrics), handler_(std::move(handler)) {}
  ~KafkaConsumer() override { Stop(); }

  absl::Status Init() {
    TRIVIUM_ASSIGN_OR_RETURN(ConfPtr conf, NewConf({{"bootstrap.servers", options_.brokers},
                                                    {"client.id", options_.client_id},
                                                    {"group.id", options_.group},
                                                    // With cooperative-sticky, close() would not leave the group.
                                                    {"partition.assignment.strategy", "range"},
                                                    {"auto.offset.reset", "earliest"},
                                                    {"enable.auto.commit", "false"},
                                                    {"enable.auto.offset.store", "false"},
                                                    {"enable.partition.eof", "false"},
                                                    {"session.timeout.ms", "10000"},
                                                    {"reconnect.backoff.max.ms", "1000"},
                                                    {"topic.metadata.refresh.interval.ms", "5000"}}));
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
    TRIVIUM_ASSIGN_OR_RETURN(client_, NewClient(RD_KAFKA_CONSUMER, std::move(conf)));
    rd_kafka_poll_set_consumer(client_.get());
    TRIVIUM_ASSIGN_OR_RETURN(dead_letters_,
                             NewProducer({.brokers = options_.brokers, .client_id = options_.client_id}, metrics_));
    const PartitionsPtr topics(rd_kafka_topic_partition_list_new(static_cast<int>(options_.topics.size())));
    for (const std::string& topic : options_.topics) {
      rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    }
    const rd_kafka_resp_err_t error = rd_kafka_subscribe(client_.get(), topics.get());
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? absl::OkStatus() : KafkaError(error, "subscribe");
  }

  void Start() override {
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    while (!stop_) {
      Fetch(kPollMs);
      while (!stop_ && !pending_.empty()) HandleFirst();
      Housekeep();
    }
    Commit(/*async=*/false);
    rd_kafka_consumer_close(client_.get());
  }

  // Takes at most one message; serves rebalances in any case.
  void Fetch(int timeout_ms) {
    const MessagePtr raw(rd_kafka_consumer_poll(client_.get(), timeout_ms));
    if (raw == nullptr) return;
    if (raw->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      TRIVIUM_LOG(kWarning, "kafka consumer: error", {"group", options_.group},
                  {"error", rd_kafka_message_errstr(raw.get())});
      return;
    }
    pending_.push_back({.message = CopyOf(*raw), .partition = raw->partition, .offset = raw->offset});
  }

  void HandleFirst() {
    Pending& first = pending_.front();
    const absl::StatusOr<Event> event = FromMessage(first.message);
    const absl::Status status = event.ok() ? Handle(*event) : event.status();
    if (status.ok()) return Finish(first);
    // A message that is no event gets no better.
    const bool bad = !event.ok() || (!IsTransient(status) && ++first.attempts >= options_.max_attempts);
    if (bad && Bury(first, status).ok()) {
      Count(first, "dead");
      return Finish(first);
    }
    metrics_.GetCounter(kRetried, {first.message.topic, absl::StatusCodeToString(status.code())}).Add();
    if (first.pause == kRetryFirst) {
      TRIVIUM_LOG(kWarning, "kafka consumer: handler failed", {"group", options_.group}, {"key", first.message.key},
                  {"offset", first.offset}, {"error", status});
    }
    const absl::Duration pause = first.pause;
    first.pause = std::min(pause * 2, kRetryMost);
    WaitInGroup(pause);
  }

  // The effect and its dedupe row, in one transaction.
  absl::Status Handle(const Event& event) {
    const ScopedTrace trace(TraceContext::FromHeader(event.traceparent), event.product);
    bool duplicate = false;
    const absl::Status status =
        pool_.Transact("consume_event", clock_.Now() + kHandlerTime, [&](mysql::Connection& db) -> absl::Status {
          const absl::Status inserted =
              db.Execute(kInsertConsumed, {options_.group, mysql::Blob{event.id.ToBytes()}, clock_.Now()}).status();
          duplicate = inserted.code() == absl::StatusCode::kAlreadyExists;
          if (duplicate) return absl::OkStatus();
          TRIVIUM_RETURN_IF_ERROR(inserted);
          return handler_(db, event);
        });
    if (status.ok()) metrics_.GetCounter(kConsumed, {event.topic, duplicate ? "duplicate" : "handled"}).Add();
    return status;
  }

  absl::Status Bury(const Pending& first, const absl::Status& reason) {
    Message letter = first.message;
    letter.topic += ".dead";
    letter.headers.emplace_back("trivium_dead_reason", reason.ToString(absl::StatusToStringMode::kWithNoExtraData));
    letter.headers.emplace_back("trivium_dead_consumer", options_.group);
    letter.headers.emplace_back("trivium_dead_partition", absl::StrCat(first.partition));
    letter.headers.emplace_back("trivium_dead_offset", absl::StrCat(first.offset));
    absl::Status status = dead_letters_->SendMessages({&letter, 1});
    TRIVIUM_LOG(kError, status.ok() ? "kafka consumer: dead letter" : "kafka consumer: dead letter not taken",
                {"topic", letter.topic}, {"key", letter.key}, {"offset", first.offset}, {"reason", reason},
                {"sent", status});
    return status;
  }

  void Count(const Pending& first, const char* outcome) {
    metrics_.GetCounter(kConsumed, {first.message.topic, outcome}).Add();
  }

  // Its offset may be committed from now on.
  void Finish(const Pending& first) {
    const PartitionsPtr done(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(done.get(), first.message.topic.c_str(), first.partition)->offset =
        first.offset + 1;
    // Fails when the partition was taken away meanwhile; then its new owner drops the repeat.
    (void)rd_kafka_offsets_store(client_.get(), done.get());
    uncommitted_ = true;
    pending_.pop_front();
    if (clock_.Monotonic() - committed_at_ >= kCommitEvery) Commit(/*async=*/true);
  }

  // Lets d pass and goes on polling, so that the group does not throw this member out. Fetches nothing more meanwhile.
  void WaitInGroup(absl::Duration d) {
    Pause(true);
    const absl::Duration until = clock_.Monotonic() + d;
    while (!stop_ && !pending_.empty() && clock_.Monotonic() < until) {
      Fetch(static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(until - clock_.Monotonic()), 1, kPollMs)));
    }
    Pause(false);
  }

  void Pause(bool pause) {
    rd_kafka_topic_partition_list_t* assigned = nullptr;
    if (rd_kafka_assignment(client_.get(), &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const PartitionsPtr owned(assigned);
    (void)(pause ? rd_kafka_pause_partitions(client_.get(), assigned)
                 : rd_kafka_resume_partitions(client_.get(), assigned));
  }

  void Housekeep() {
    const absl::Duration now = clock_.Monotonic();
    if (now - committed_at_ >= kCommitEvery) Commit(/*async=*/true);
    if (now - purged_at_ < kPurgeEvery) return;
    purged_at_ = now;
    (void)pool_.Use("consumed_event_purge", clock_.Now() + absl::Seconds(5), [&](mysql::Connection& db) {
      return db.Execute(kPurgeConsumed, {clock_.Now() - options_.dedupe_retention}).status();
    });
  }

  // Commits what is stored. A failure costs repeats, which are dropped.
  void Commit(bool async) {
    committed_at_ = clock_.Monotonic();
    if (!std::exchange(uncommitted_, false)) return;
    (void)rd_kafka_commit(client_.get(), nullptr, async ? 1 : 0);
  }

  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t* partitions,
                          void* opaque) {
    auto* self = static_cast<KafkaConsumer*>(opaque);
    if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      rd_kafka_assign(client, partitions);
      return;
    }
    // Another member gets them, from the committed offsets on: what was not finished here is its work now.
    self->Commit(/*async=*/false);
    self->pending_.clear();
    rd_kafka_assign(client, nullptr);
  }

  const ConsumerOptions options_;
  mysql::Pool& pool_;
  Clock& clock_;
  Metrics& metrics_;
  const EventHandler handler_;
  std::unique_ptr<Producer> dead_letters_;
  ClientPtr client_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
  // The thread's.
  std::deque<Pending> pending_;
  bool uncommitted_ = false;
  absl::Duration committed_at_ = absl::ZeroDuration(), purged_at_ = absl::ZeroDuration();
};

}  // namespace

absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(const ConsumerOptions& options, mysql::Pool& pool, Clock& clock,
                                                      Metrics& metrics, EventHandler handler) {
  auto consumer = std::make_unique<KafkaConsumer>(options, pool, clock, metrics, std::move(handler));
  TRIVIUM_RETURN_IF_ERROR(consumer->Init());
  return consumer;
}

}  // namespace trivium::kafka
