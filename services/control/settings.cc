#include "services/control/settings.h"

#include <algorithm>

#include "libs/status/error.h"
#include "services/control/config.pb.h"
#include "services/control/names.h"

namespace trivium::control {
namespace {

using Violations = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> ToVector(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

absl::Duration ToDuration(const google::protobuf::Duration& d) {
  return absl::Seconds(d.seconds()) + absl::Nanoseconds(d.nanos());
}

void CheckNames(const std::string& path, const google::protobuf::RepeatedPtrField<std::string>& names,
                Violations* out) {
  for (int i = 0; i < names.size(); ++i) {
    const std::string field = path + "[" + std::to_string(i) + "]";
    if (!IsLabel(names[i])) out->emplace_back(field, "\"" + names[i] + "\", want 1-32 characters of a-z 0-9 -");
    if (std::count(names.begin(), names.end(), names[i]) > 1)
      out->emplace_back(field, "\"" + names[i] + "\" twice, want each once");
  }
}

void CheckRange(const std::string& path, int64_t value, int64_t low, int64_t high, Violations* out) {
  if (value >= low && value <= high) return;
  out->emplace_back(path, std::to_string(value) + ", want " + std::to_string(low) + " to " + std::to_string(high));
}

void CheckDuration(const std::string& path, const google::protobuf::Duration& value, absl::Duration low,
                   absl::Duration high, Violations* out) {
  const absl::Duration d = ToDuration(value);
  if (d < low || d > high) {
    out->emplace_back(
        path, absl::FormatDuration(d) + ", want " + absl::FormatDuration(low) + " to " + absl::FormatDuration(high));
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
  config->mutable_mysql()->set_host("127.0.0.1");
  config->mutable_mysql()->set_port(3306);
  config->mutable_mysql()->set_user("control");
  config->mutable_mysql()->set_schema("control");
  config->mutable_mysql()->set_max_connections(8);
  config->mutable_kafka();
}

absl::Status CheckConfig(const Config& config) {
  Violations wrong;
  CheckRange("ads_max_streams", config.ads_max_streams(), 1, 100000, &wrong);
  if (config.cells().empty()) wrong.emplace_back("cells", "none, want at least one");
  CheckNames("cells", config.cells(), &wrong);
  CheckNames("services", config.services(), &wrong);
  CheckNames("ring_hash_services", config.ring_hash_services(), &wrong);
  CheckDuration("instance_silence", config.instance_silence(), absl::Seconds(1), absl::Seconds(60), &wrong);
  CheckDuration("start_grace", config.start_grace(), absl::Seconds(1), absl::Seconds(60), &wrong);
  CheckDuration("request_retention", config.request_retention(), absl::Hours(1), absl::Hours(24 * 90), &wrong);
  CheckRange("mysql.port", config.mysql().port(), 1, 65535, &wrong);
  CheckRange("mysql.max_connections", config.mysql().max_connections(), 2, 1000, &wrong);
  return FieldsError(wrong);
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
  settings.mysql.host = config.mysql().host();
  settings.mysql.port = config.mysql().port();
  settings.mysql.unix_socket = config.mysql().unix_socket();
  settings.mysql.user = config.mysql().user();
  settings.mysql.password = config.mysql().password();
  settings.mysql.schema = config.mysql().schema();
  settings.mysql.max_connections = config.mysql().max_connections();
  settings.kafka_brokers = config.kafka().brokers();
  return settings;
}

}  // namespace trivium::control
