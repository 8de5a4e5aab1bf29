// Idempotent Kafka producer (librdkafka; acks=all).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/kafka/event.h"

namespace trivium {
class Metrics;
}

namespace trivium::kafka {

struct ProducerOptions {
  std::string brokers;  // "127.0.0.1:9092,..."
  std::string client_id;
  absl::Duration delivery_timeout = absl::Seconds(10);
  int queue_max = 10000;  // Messages in flight.
};

// Thread-safe.
class Producer {
 public:
  virtual ~Producer() = default;
  // Sends in order and waits until the broker has all of them. An error: some may have arrived, none after a gap; send
  // all of them again (consumers dedupe). UNAVAILABLE BROKER_UNAVAILABLE when it does not answer within
  // delivery_timeout; INVALID_ARGUMENT EVENT_REFUSED for a message that it never takes.
  virtual absl::Status Send(std::span<const Event> events) = 0;
  // The same for messages of any form.
  virtual absl::Status SendMessages(std::span<const Message> messages) = 0;
};
absl::StatusOr<std::unique_ptr<Producer>> NewProducer(const ProducerOptions& options, Metrics& metrics);

// Makes a topic with one replica when it is missing; leaves it as it is otherwise. Waits at most timeout.
absl::Status EnsureTopic(const std::string& brokers, const std::string& topic, int partitions, absl::Duration timeout);

}  // namespace trivium::kafka
