#include "libs/kafka/rdkafka.h"

#include <syslog.h>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/status/error.h"

namespace trivium::kafka {
namespace {

void LogLine(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (level <= LOG_WARNING) {
    TRIVIUM_LOG(kWarning, "kafka client", {"client", rd_kafka_name(client)}, {"facility", facility}, {"text", text});
  } else {
    TRIVIUM_LOG(kDebug, "kafka client", {"client", rd_kafka_name(client)}, {"facility", facility}, {"text", text});
  }
}

}  // namespace

absl::StatusOr<ConfPtr> NewConf(const std::vector<std::pair<std::string, std::string>>& properties) {
  ConfPtr conf(rd_kafka_conf_new());
  char text[512];
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text, sizeof(text)) != RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(absl::StrCat("kafka client: ", text));
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), LogLine);
  return conf;
}

absl::StatusOr<ClientPtr> NewClient(rd_kafka_type_t type, ConfPtr conf) {
  char text[512];
  ClientPtr client(rd_kafka_new(type, conf.get(), text, sizeof(text)));
  if (client == nullptr) return absl::InvalidArgumentError(absl::StrCat("kafka client: ", text));
  conf.release();
  return client;
}

absl::Status KafkaError(rd_kafka_resp_err_t code, const std::string& what) {
  const std::string text =
      absl::StrCat("kafka: ", what, ": ", rd_kafka_err2name(code), " (", rd_kafka_err2str(code), ")");
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return Error(absl::StatusCode::kInvalidArgument, "EVENT_REFUSED", text);
    default:
      return Error(absl::StatusCode::kUnavailable, "BROKER_UNAVAILABLE", text).RetryAfter(absl::Milliseconds(500));
  }
}

}  // namespace trivium::kafka
