#include "services/control/settings.h"

#include <algorithm>

#include "libs/clock/proto_time.h"
#include "libs/config/checks.h"
#include "libs/mysql/mysql_options.h"
#include "services/control/config.pb.h"
#include "services/control/names.h"

namespace trivium::control {
namespace {

std::vector<std::string> ToVector(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

void CheckNames(const std::string& path, const google::protobuf::RepeatedPtrField<std::string>& names,
                config::Checks* checks) {
  for (int i = 0; i < names.size(); ++i) {
    const std::string field = path + "[" + std::to_string(i) + "]";
    if (!IsLabel(names[i])) checks->Wrong(field, "\"" + names[i] + "\", want 1-32 characters of a-z 0-9 -");
    if (std::count(names.begin(), names.end(), names[i]) > 1)
      checks->Wrong(field, "\"" + names[i] + "\" twice, want each once");
  }
}

}  // namespace

void SetDefaults(Config* config) {
  config->set_ads_max_streams(10000);
  config->add_cells("cell-a");
  for (const char* service : {"payment", "push", "live", "gateway", "ops"}) config->add_services(service);
  config->mutable_instance_silence()->set_seconds(3);
  config->mutable_start_grace()->set_seconds(3);
  config->mutable_request_retention()->set_seconds(7 * 24 * 3600);
  mysql::SetDefaults("control", 8, config->mutable_mysql());
  config->mutable_kafka();
}

absl::Status CheckConfig(const Config& config) {
  config::Checks checks;
  checks.Range("ads_max_streams", config.ads_max_streams(), 1, 100000);
  if (config.cells().empty()) checks.Wrong("cells", "none, want at least one");
  CheckNames("cells", config.cells(), &checks);
  CheckNames("services", config.services(), &checks);
  CheckNames("ring_hash_services", config.ring_hash_services(), &checks);
  checks.Range("instance_silence", config.instance_silence(), absl::Seconds(1), absl::Seconds(60));
  checks.Range("start_grace", config.start_grace(), absl::Seconds(1), absl::Seconds(60));
  checks.Range("request_retention", config.request_retention(), absl::Hours(1), absl::Hours(24 * 90));
  mysql::CheckOptions(config.mysql(), &checks);
  return checks.Result();
}

Settings ToSettings(const Config& config) {
  Settings settings;
  settings.instance_id = config.server().instance_id();
  settings.ads_address = config.ads_address();
  settings.ads_max_streams = config.ads_max_streams();
  settings.cells = ToVector(config.cells());
  settings.services = ToVector(config.services());
  settings.ring_hash_services = ToVector(config.ring_hash_services());
  settings.instance_silence = ToDuration(config.instance_silence());
  settings.start_grace = ToDuration(config.start_grace());
  settings.request_retention = ToDuration(config.request_retention());
  settings.mysql = mysql::ToPoolOptions(config.mysql());
  settings.kafka_brokers = config.kafka().brokers();
  return settings;
}

}  // namespace trivium::control
