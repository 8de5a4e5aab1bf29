// The config as the gateway uses it: checked, with units.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/control_client/control_client.h"
#include "libs/http/server.h"
#include "services/gateway/clients/options.h"
#include "services/gateway/commands/limiter.h"
#include "services/gateway/edge/address_limits.h"
#include "services/gateway/execution/access_log.h"
#include "services/gateway/execution/command_executor.h"

namespace trivium::gateway {

class Config;  // services/gateway/config.proto

struct TokenSettings {
  std::string revocation_file;
  absl::Duration clock_skew;
  size_t max_remembered = 0;
};

struct Settings {
  std::string instance_id, cell;
  control_client::Options control;  // Without tls: the runtime has it.
  std::string control_ads_address, state_dir;
  http::ServerOptions http;
  http::AddressSet trusted_proxies;
  AddressLimitsOptions address_limits;
  ClientsOptions clients;
  ExecutorOptions calls;
  LimiterOptions limiter;
  TokenSettings tokens;
  AccessLogOptions access_log;
  double drain_per_second = 0;
  absl::Duration drain_timeout;  // All of it.
};

// The defaults, as --print_default_config shows them.
void SetDefaults(Config* config);
// Every wrong field at once.
absl::Status CheckConfig(const Config& config);
// Of a config that CheckConfig took.
Settings ToSettings(const Config& config);

}  // namespace trivium::gateway
