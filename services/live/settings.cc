#include "services/live/settings.h"

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/config/checks.h"
#include "libs/mysql/mysql_options.h"
#include "libs/redis/redis_options.h"
#include "services/live/config.pb.h"

namespace trivium::live {
namespace {

constexpr size_t kMinSecret = 32, kMaxSecret = 200;

// Says its length, never the secret.
void CheckSecret(const std::string& field, const std::string& secret, size_t min, config::Checks* checks) {
  if (secret.size() < min || secret.size() > kMaxSecret)
    checks->Wrong(field, absl::StrCat(secret.size(), " characters, want ", min, " to ", kMaxSecret));
}

void CheckSecrets(const Config::Secrets& secrets, config::Checks* checks) {
  CheckSecret("secrets.resume_key", secrets.resume_key(), kMinSecret, checks);
  if (!secrets.resume_key_before().empty())
    CheckSecret("secrets.resume_key_before", secrets.resume_key_before(), kMinSecret, checks);
  CheckSecret("secrets.media_key", secrets.media_key(), kMinSecret, checks);
  for (int i = 0; i < secrets.products_size(); ++i) {
    const std::string field = absl::StrCat("secrets.products[", i, "].");
    const Config::ProductKeys& keys = secrets.products(i);
    if (keys.product().empty()) checks->Wrong(field + "product", "empty, want a product");
    CheckSecret(field + "user_sig_key", keys.user_sig_key(), 1, checks);
    CheckSecret(field + "url_key", keys.url_key(), 1, checks);
  }
}

}  // namespace

void SetDefaults(Config* config) {
  mysql::SetDefaults("live", 16, config->mutable_mysql());
  redis::SetDefaults(absl::Seconds(1), config->mutable_redis());
  config->mutable_kafka();
  config->mutable_secrets();
  Config::Workers* workers = config->mutable_workers();
  SetDuration(absl::Milliseconds(200), workers->mutable_interval());
  SetDuration(absl::Milliseconds(100), workers->mutable_drain_interval());
  SetDuration(absl::Seconds(1), workers->mutable_timetable_interval());
  workers->set_max_changes(200'000);
  SetDuration(absl::Hours(24 * 30), config->mutable_retention()->mutable_stays());
  SetDuration(absl::Hours(24 * 90), config->mutable_retention()->mutable_rooms());
}

absl::Status CheckConfig(const Config& config) {
  config::Checks checks;
  mysql::CheckOptions(config.mysql(), &checks);
  redis::CheckOptions(config.redis(), &checks);
  CheckSecrets(config.secrets(), &checks);
  checks.Range("workers.interval", config.workers().interval(), absl::Milliseconds(10), absl::Seconds(60));
  checks.Range("workers.drain_interval", config.workers().drain_interval(), absl::Milliseconds(10), absl::Seconds(60));
  checks.Range("workers.timetable_interval", config.workers().timetable_interval(), absl::Milliseconds(10),
               absl::Seconds(60));
  checks.Range("workers.max_changes", config.workers().max_changes(), 1'000, 10'000'000);
  constexpr absl::Duration kMaxKept = absl::Hours(24 * 400);
  checks.Range("retention.stays", config.retention().stays(), absl::Hours(1), kMaxKept);
  checks.Range("retention.rooms", config.retention().rooms(), ToDuration(config.retention().stays()), kMaxKept);
  return checks.Result();
}

Settings ToSettings(const Config& config) {
  Settings s;
  s.instance_id = config.server().instance_id();
  s.cell = config.server().cell();
  s.control_ads_address = config.server().control_ads_address();
  s.control.control_address = config.server().control_address();
  s.control.state_dir = config.server().state_dir();
  s.mysql = mysql::ToPoolOptions(config.mysql());
  s.redis = redis::ToClientOptions("live", config.redis());
  s.max_changes = config.workers().max_changes();
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
