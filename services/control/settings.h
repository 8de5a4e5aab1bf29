// The config as the service uses it: checked, with units.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/mysql/mysql.h"

namespace trivium::control {

class Config;  // services/control/config.proto

struct Settings {
  std::string instance_id;
  std::string ads_address;
  int ads_max_streams = 0;
  std::vector<std::string> cells, services, ring_hash_services;
  absl::Duration instance_silence, start_grace, request_retention;
  mysql::PoolOptions mysql;  // Empty schema: in memory.
  std::string kafka_brokers;
};

// The defaults, as --print_default_config shows them.
void SetDefaults(Config* config);
// Every wrong field at once.
absl::Status CheckConfig(const Config& config);
// Of a config that CheckConfig took.
Settings ToSettings(const Config& config);

}  // namespace trivium::control
