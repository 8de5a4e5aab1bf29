// The config as the service uses it: checked, with units.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/control_client/control_client.h"
#include "libs/mysql/mysql.h"
#include "libs/redis/client.h"

namespace trivium::push {

class Config;  // services/push/config.proto

struct WorkerOptions {
  absl::Duration interval = absl::Milliseconds(200);
  int batch = 500;        // Deliveries a step, 1-1000.
  int relay_threads = 4;  // Channels at once.
  int record_queue_max = 10'000;
  absl::Duration keep_deliveries = absl::Hours(24 * 30);
  absl::Duration keep_messages = absl::Hours(24 * 90);
};

struct Settings {
  std::string instance_id, cell;
  control_client::Options control;  // Without tls: the runtime has it.
  mysql::PoolOptions mysql;         // Empty schema: in memory.
  redis::ClientOptions redis;
  std::string kafka_brokers;
  WorkerOptions workers;
  std::string vendor;  // "log", or "" for none.
};

// The defaults, as --print_default_config shows them.
void SetDefaults(Config* config);
// Every wrong field at once.
absl::Status CheckConfig(const Config& config);
// Of a config that CheckConfig took.
Settings ToSettings(const Config& config);

}  // namespace trivium::push
