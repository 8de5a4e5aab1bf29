// Redis in a service's config.
#pragma once

#include <string>

#include "libs/config/checks.h"
#include "libs/redis/client.h"

namespace trivium::redis {

class RedisOptions;  // libs/redis/options.proto

void SetDefaults(absl::Duration command_timeout, RedisOptions* options);
// As the field "redis".
void CheckOptions(const RedisOptions& options, config::Checks* checks);
// service: whose client it is, for metrics.
ClientOptions ToClientOptions(const std::string& service, const RedisOptions& options);

}  // namespace trivium::redis
