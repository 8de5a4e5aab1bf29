#include "services/push/settings.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/config.pb.h"

namespace trivium::push {
namespace {

using Violations = std::vector<std::pair<std::string, std::string>>;

absl::Duration ToDuration(const google::protobuf::Duration& d) {
  return absl::Seconds(d.seconds()) + absl::Nanoseconds(d.nanos());
}

void SetDuration(absl::Duration d, google::protobuf::Duration* out) {
  out->set_seconds(absl::ToInt64Seconds(d));
  out->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(d - absl::Seconds(out->seconds()))));
}

void CheckRange(const std::string& field, int64_t value, int64_t low, int64_t high, Violations* out) {
  if (value < low || value > high) out->emplace_back(field, absl::StrCat(value, ", want ", low, " to ", high));
}

void CheckDuration(const std::string& field, const google::protobuf::Duration& value, absl::Duration low,
                   absl::Duration high, Violations* out) {
  const absl::Duration d = ToDuration(value);
  if (d < low || d > high)
    out->emplace_back(field, absl::StrCat(absl::FormatDuration(d), ", want ", absl::FormatDuration(low), " to ",
                                          absl::FormatDuration(high)));
}

redis::ClientOptions RedisOf(const Config::Redis& config) {
  redis::ClientOptions options;
  options.name = "push";
  options.addresses.assign(config.addresses().begin(), config.addresses().end());
  options.cluster = config.cluster();
  options.user = config.user();
  options.password = config.password();
  options.pool_size = config.pool_size();
  options.command_timeout = ToDuration(config.command_timeout());
  return options;
}

}  // namespace

void SetDefaults(Config* config) {
  Config::Mysql* mysql = config->mutable_mysql();
  mysql->set_host("127.0.0.1");
  mysql->set_port(3306);
  mysql->set_user("push");
  mysql->set_schema("push");
  mysql->set_max_connections(24);
  SetDuration(absl::Seconds(5), mysql->mutable_statement_timeout());
  Config::Redis* redis = config->mutable_redis();
  redis->set_pool_size(16);
  SetDuration(absl::Seconds(1), redis->mutable_command_timeout());
  config->mutable_kafka();
  Config::Workers* workers = config->mutable_workers();
  SetDuration(absl::Milliseconds(200), workers->mutable_interval());
  workers->set_batch(500);
  workers->set_relay_threads(4);
  workers->set_record_queue_max(10'000);
  SetDuration(absl::Hours(24 * 30), config->mutable_retention()->mutable_deliveries());
  SetDuration(absl::Hours(24 * 90), config->mutable_retention()->mutable_messages());
  config->set_vendor("log");
}

absl::Status CheckConfig(const Config& config) {
  Violations wrong;
  CheckRange("mysql.port", config.mysql().port(), 1, 65535, &wrong);
  CheckRange("mysql.max_connections", config.mysql().max_connections(), 4, 1000, &wrong);
  CheckDuration("mysql.statement_timeout", config.mysql().statement_timeout(), absl::Milliseconds(100),
                absl::Seconds(60), &wrong);
  if (config.redis().addresses().empty()) wrong.emplace_back("redis.addresses", "none, want \"host:port\" of a node");
  CheckRange("redis.pool_size", config.redis().pool_size(), 1, 1000, &wrong);
  CheckDuration("redis.command_timeout", config.redis().command_timeout(), absl::Milliseconds(10), absl::Seconds(10),
                &wrong);
  CheckDuration("workers.interval", config.workers().interval(), absl::Milliseconds(10), absl::Seconds(60), &wrong);
  CheckRange("workers.batch", config.workers().batch(), 1, 1000, &wrong);
  CheckRange("workers.relay_threads", config.workers().relay_threads(), 1, 64, &wrong);
  CheckRange("workers.record_queue_max", config.workers().record_queue_max(), 100, 1'000'000, &wrong);
  constexpr absl::Duration kMaxKept = absl::Hours(24 * 400);
  CheckDuration("retention.deliveries", config.retention().deliveries(), absl::Hours(1), kMaxKept, &wrong);
  CheckDuration("retention.messages", config.retention().messages(), ToDuration(config.retention().deliveries()),
                kMaxKept, &wrong);
  if (!config.vendor().empty() && config.vendor() != "log")
    wrong.emplace_back("vendor", absl::StrCat("\"", config.vendor(), "\", want \"log\" or nothing"));
  if (!wrong.empty()) return FieldsError(wrong);
  return redis::CheckOptions(RedisOf(config.redis()));
}

Settings ToSettings(const Config& config) {
  Settings s;
  s.instance_id = config.server().instance_id();
  s.cell = config.server().cell();
  s.control.control_address = config.server().control_address();
  s.control.state_dir = config.server().state_dir();
  s.mysql.host = config.mysql().host();
  s.mysql.port = config.mysql().port();
  s.mysql.unix_socket = config.mysql().unix_socket();
  s.mysql.user = config.mysql().user();
  s.mysql.password = config.mysql().password();
  s.mysql.schema = config.mysql().schema();
  s.mysql.max_connections = config.mysql().max_connections();
  s.mysql.statement_timeout = ToDuration(config.mysql().statement_timeout());
  s.redis = RedisOf(config.redis());
  s.kafka_brokers = config.kafka().brokers();
  s.workers.interval = ToDuration(config.workers().interval());
  s.workers.batch = config.workers().batch();
  s.workers.relay_threads = config.workers().relay_threads();
  s.workers.record_queue_max = config.workers().record_queue_max();
  s.workers.keep_deliveries = ToDuration(config.retention().deliveries());
  s.workers.keep_messages = ToDuration(config.retention().messages());
  s.vendor = config.vendor();
  return s;
}

}  // namespace trivium::push
