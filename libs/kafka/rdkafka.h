// librdkafka's C objects as owning pointers, and its errors as statuses. For this library alone.
#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivium::kafka {

template <auto destroy>
struct Destroys {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using ClientPtr = std::unique_ptr<rd_kafka_t, Destroys<rd_kafka_destroy>>;
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, Destroys<rd_kafka_conf_destroy>>;
using MessagePtr = std::unique_ptr<rd_kafka_message_t, Destroys<rd_kafka_message_destroy>>;
using PartitionsPtr = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroys<rd_kafka_topic_partition_list_destroy>>;

// A configuration with these properties, logging into our log. INVALID_ARGUMENT for an unknown one.
absl::StatusOr<ConfPtr> NewConf(const std::vector<std::pair<std::string, std::string>>& properties);
// A client; takes conf.
absl::StatusOr<ClientPtr> NewClient(rd_kafka_type_t type, ConfPtr conf);

// INVALID_ARGUMENT for what no retry helps (too large, no such partition), else UNAVAILABLE.
absl::Status KafkaError(rd_kafka_resp_err_t code, const std::string& what);

}  // namespace trivium::kafka
