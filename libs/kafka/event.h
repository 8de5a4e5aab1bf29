// An event on its way: CloudEvents 1.0 attributes as Kafka headers (binary content mode, names prefixed "ce_"), a
// Protobuf value, the aggregate's id as the key.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/id/id.h"

namespace trivium::kafka {

struct Event {
  Id id;                // ce_id; consumers dedupe by it.
  std::string topic;    // "trivium.payment.events.v1"
  std::string key;      // Aggregate's id: order is kept per key.
  std::string type;     // ce_type: "trivium.payment.v1.Event"
  std::string product;  // ce_product (extension attribute).
  std::string subject;  // ce_subject: "payment/pay_..."
  std::string traceparent;
  absl::Time time;      // ce_time
  std::string payload;  // Serialized protobuf; content-type application/protobuf. At most kPayloadBytesMax.
};

// A broker takes messages of 1 MiB, headers included, unless told otherwise.
inline constexpr size_t kPayloadBytesMax = 900 * 1024;

// A message as Kafka knows it.
using Headers = std::vector<std::pair<std::string, std::string>>;
struct Message {
  std::string topic, key, payload;
  Headers headers;
};

Message ToMessage(const Event& event);
// INVALID_ARGUMENT naming the header that is missing or malformed.
absl::StatusOr<Event> FromMessage(const Message& message);

}  // namespace trivium::kafka
