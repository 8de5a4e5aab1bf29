#include "services/live/settings.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/config.pb.h"

namespace trivium::live {
namespace {

using Violations = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kMinSecret = 32, kMaxSecret = 200;

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

// Says its length, never the secret.
void CheckSecret(const std::string& field, const std::string& secret, size_t min, Violations* out) {
  if (secret.size() < min || secret.size() > kMaxSecret)
    out->emplace_back(field, absl::StrCat(secret.size(), " characters, want ", min, " to ", kMaxSecret));
}

redis::ClientOptions RedisOf(const Config::Redis& config) {
  redis::ClientOptions options;
  options.name = "live";
  options.addresses.assign(config.addresses().begin(), config.addresses().end());
  options.cluster = config.cluster();
  options.user = config.user();
  options.password = config.password();
  options.pool_size = config.pool_size();
  options.command_timeout = ToDuration(config.command_timeout());
  return options;
}

void CheckSecrets(const Config::Secrets& secrets, Violations* wrong) {
  CheckSecret("secrets.resume_key", secrets.resume_key(), kMinSecret, wrong);
  if (!secrets.resume_key_before().empty())
    CheckSecret("secrets.resume_key_before", secrets.resume_key_before(), kMinSecret, wrong);
  CheckSecret("secrets.media_key", secrets.media_key(), kMinSecret, wrong);
  for (int i = 0; i < secrets.products_size(); ++i) {
    const std::string field = absl::StrCat("secrets.products[", i, "].");
    const Config::ProductKeys& keys = secrets.products(i);
    if (keys.product().empty()) wrong->emplace_back(field + "product", "empty, want a product");
    CheckSecret(field + "user_sig_key", keys.user_sig_key(), 1, wrong);
    CheckSecret(field + "url_key", keys.url_key(), 1, wrong);
  }
}

}  // namespace

void SetDefaults(Config* config) {
  Config::Mysql* mysql = config->mutable_mysql();
  mysql->set_host("127.0.0.1");
  mysql->set_port(3306);
  mysql->set_user("live");
  mysql->set_schema("live");
  mysql->set_max_connections(16);
  SetDuration(absl::Seconds(5), mysql->mutable_statement_timeout());
  Config::Redis* redis = config->mutable_redis();
  redis->set_pool_size(16);
  SetDuration(absl::Seconds(1), redis->mutable_command_timeout());
  redis->set_max_changes(200'000);
  config->mutable_kafka();
  config->mutable_secrets();
  Config::Workers* workers = config->mutable_workers();
  SetDuration(absl::Milliseconds(200), workers->mutable_interval());
  SetDuration(absl::Milliseconds(100), workers->mutable_drain_interval());
  SetDuration(absl::Seconds(1), workers->mutable_timetable_interval());
  SetDuration(absl::Hours(24 * 30), config->mutable_retention()->mutable_stays());
  SetDuration(absl::Hours(24 * 90), config->mutable_retention()->mutable_rooms());
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
  CheckRange("redis.max_changes", config.redis().max_changes(), 1'000, 10'000'000, &wrong);
  CheckSecrets(config.secrets(), &wrong);
  CheckDuration("workers.interval", config.workers().interval(), absl::Milliseconds(10), absl::Seconds(60), &wrong);
  CheckDuration("workers.drain_interval", config.workers().drain_interval(), absl::Milliseconds(10), absl::Seconds(60),
                &wrong);
  CheckDuration("workers.timetable_interval", config.workers().timetable_interval(), absl::Milliseconds(10),
                absl::Seconds(60), &wrong);
  constexpr absl::Duration kMaxKept = absl::Hours(24 * 400);
  CheckDuration("retention.stays", config.retention().stays(), absl::Hours(1), kMaxKept, &wrong);
  CheckDuration("retention.rooms", config.retention().rooms(), ToDuration(config.retention().stays()), kMaxKept,
                &wrong);
  if (!wrong.empty()) return FieldsError(wrong);
  return redis::CheckOptions(RedisOf(config.redis()));
}

Settings ToSettings(const Config& config) {
  Settings s;
  s.instance_id = config.server().instance_id();
  s.cell = config.server().cell();
  s.control_ads_address = config.server().control_ads_address();
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
  s.max_changes = config.redis().max_changes();
  s.kafka_brokers = config.kafka().brokers();
  s.resume_keys.push_back(config.secrets().resume_key());
  if (!config.secrets().resume_key_before().empty()) s.resume_keys.push_back(config.secrets().resume_key_before());
  s.media_key = config.secrets().media_key();
  for (const Config::ProductKeys& keys : config.secrets().products())
    s.media_keys[keys.product()] = {keys.user_sig_key(), keys.url_key()};
  s.workers.interval = ToDuration(config.workers().interval());
  s.workers.drain_interval = ToDuration(config.workers().drain_interval());
  s.workers.timetable_interval = ToDuration(config.workers().timetable_interval());
  s.workers.keep_stays = ToDuration(config.retention().stays());
  s.workers.keep_rooms = ToDuration(config.retention().rooms());
  return s;
}

}  // namespace trivium::live
