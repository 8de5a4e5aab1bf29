// The config as the service uses it: checked, with units.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/control_client/control_client.h"
#include "libs/mysql/mysql.h"
#include "services/payment/psp/sandbox/adapter.h"
#include "services/payment/workers/janitor.h"

namespace trivium::payment {

class Config;  // services/payment/config.proto

struct PspSettings {
  std::string name;
  int breaker_failures = 10;
  sandbox::AdapterOptions sandbox;
};

struct Settings {
  std::string instance_id, cell;
  control_client::Options control;  // Without tls: the runtime has it.
  std::string callback_address;
  mysql::PoolOptions mysql;  // Empty schema: in memory.
  std::string kafka_brokers;
  std::vector<PspSettings> psps;
  WorkerOptions workers;
  absl::Duration worker_interval;
  int worker_threads = 32;  // Of payments and of refunds each.
  int silent_threads = 32;  // Of those that PSPs are silent about, each.
  int psp_connections = 160;
};

// The defaults, as --print_default_config shows them.
void SetDefaults(Config* config);
// Every wrong field at once.
absl::Status CheckConfig(const Config& config);
// Of a config that CheckConfig took.
Settings ToSettings(const Config& config);

}  // namespace trivium::payment
