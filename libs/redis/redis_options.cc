#include "libs/redis/redis_options.h"

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/redis/address.h"
#include "libs/redis/options.pb.h"

namespace trivium::redis {

void SetDefaults(absl::Duration command_timeout, RedisOptions* options) {
  options->add_addresses("127.0.0.1:6379");
  options->set_pool_size(16);
  SetDuration(command_timeout, options->mutable_command_timeout());
}

void CheckOptions(const RedisOptions& options, config::Checks* checks) {
  const int nodes = options.addresses_size();
  if (nodes < 1 || nodes > (options.cluster() ? 100 : 1)) {
    checks->Wrong("redis.addresses",
                  absl::StrCat(nodes, " addresses, want ", options.cluster() ? "1 to 100" : "1 without cluster"));
  }
  for (const std::string& address : options.addresses()) {
    if (!ParseAddress(address).ok())
      checks->Wrong("redis.addresses", absl::StrCat("\"", address, "\", want host:port with a port of 1 to 65535"));
  }
  if (!options.user().empty() && options.password().empty())
    checks->Wrong("redis.password", "empty, want one with a user");
  checks->Range("redis.pool_size", options.pool_size(), 1, 1000);
  checks->Range("redis.command_timeout", options.command_timeout(), absl::Milliseconds(10), absl::Seconds(10));
  checks->Range("redis.database", options.database(), 0, options.cluster() ? 0 : 15);
}

ClientOptions ToClientOptions(const std::string& service, const RedisOptions& options) {
  ClientOptions client;
  client.name = service;
  client.addresses.assign(options.addresses().begin(), options.addresses().end());
  client.cluster = options.cluster();
  client.user = options.user();
  client.password = options.password();
  client.pool_size = options.pool_size();
  client.command_timeout = ToDuration(options.command_timeout());
  client.database = options.database();
  return client;
}

}  // namespace trivium::redis
