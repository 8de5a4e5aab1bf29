// The config as the service uses it: checked, with units.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/control_client/control_client.h"
#include "libs/mysql/mysql.h"
#include "libs/redis/client.h"
#include "services/live/tokens/media_access.h"

namespace trivium::live {

class Config;  // services/live/config.proto

struct WorkerOptions {
  absl::Duration interval = absl::Milliseconds(200);
  absl::Duration drain_interval = absl::Milliseconds(100);
  absl::Duration timetable_interval = absl::Seconds(1);
  absl::Duration keep_stays = absl::Hours(24 * 30);
  absl::Duration keep_rooms = absl::Hours(24 * 90);
};

struct Settings {
  std::string instance_id, cell;
  std::string control_ads_address;  // "": no xDS, and push is not to be reached.
  control_client::Options control;  // Without tls: the runtime has it.
  mysql::PoolOptions mysql;         // Empty schema: in memory.
  redis::ClientOptions redis;
  int64_t max_changes = 200'000;
  std::string kafka_brokers;
  std::vector<std::string> resume_keys;  // The first one signs.
  std::string media_key;
  std::map<std::string, MediaKeys> media_keys;  // By product.
  WorkerOptions workers;
};

// The defaults, as --print_default_config shows them.
void SetDefaults(Config* config);
// Every wrong field at once.
absl::Status CheckConfig(const Config& config);
// Of a config that CheckConfig took.
Settings ToSettings(const Config& config);

}  // namespace trivium::live
