// The config as ops uses it: checked, with units.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/mysql/mysql.h"
#include "services/ops/people.h"
#include "services/ops/sessions.h"

namespace trivium::ops {

class Config;  // services/ops/config.proto

struct Settings {
  std::string instance_id, cell, state_dir, control_address, control_ads_address;
  std::string console_address, console_dir, boards_file, prometheus_url;
  absl::Duration scrape_interval, activity_retention;
  bool secure_cookie = false;
  SessionOptions sessions;
  mysql::PoolOptions mysql;
  std::string kafka_brokers;
};

// The defaults, as --print_default_config shows them.
void SetDefaults(Config* config);
// Every wrong field at once.
absl::Status CheckConfig(const Config& config);
// Of a config that CheckConfig took.
Settings ToSettings(const Config& config);
People::Map ToPeople(const Config& config);

}  // namespace trivium::ops
