#include "services/push/settings.h"

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/config/checks.h"
#include "libs/mysql/mysql_options.h"
#include "libs/redis/redis_options.h"
#include "services/push/config.pb.h"

namespace trivium::push {
void SetDefaults(Config* config) {
  mysql::SetDefaults("push", 24, config->mutable_mysql());
  redis::SetDefaults(absl::Seconds(1), config->mutable_redis());
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
  config::Checks checks;
  mysql::CheckOptions(config.mysql(), &checks);
  redis::CheckOptions(config.redis(), &checks);
  checks.Range("workers.interval", config.workers().interval(), absl::Milliseconds(10), absl::Seconds(60));
  checks.Range("workers.batch", config.workers().batch(), 1, 1000);
  checks.Range("workers.relay_threads", config.workers().relay_threads(), 1, 64);
  checks.Range("workers.record_queue_max", config.workers().record_queue_max(), 100, 1'000'000);
  constexpr absl::Duration kMaxKept = absl::Hours(24 * 400);
  checks.Range("retention.deliveries", config.retention().deliveries(), absl::Hours(1), kMaxKept);
  checks.Range("retention.messages", config.retention().messages(), ToDuration(config.retention().deliveries()),
               kMaxKept);
  if (!config.vendor().empty() && config.vendor() != "log")
    checks.Wrong("vendor", absl::StrCat("\"", config.vendor(), "\", want \"log\" or nothing"));
  return checks.Result();
}

Settings ToSettings(const Config& config) {
  Settings s;
  s.instance_id = config.server().instance_id();
  s.cell = config.server().cell();
  s.control.control_address = config.server().control_address();
  s.control.state_dir = config.server().state_dir();
  s.mysql = mysql::ToPoolOptions(config.mysql());
  s.redis = redis::ToClientOptions("push", config.redis());
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
