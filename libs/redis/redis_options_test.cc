#include "libs/redis/redis_options.h"

#include <gtest/gtest.h>

#include "libs/redis/options.pb.h"

namespace trivium::redis {
namespace {

RedisOptions Defaults() {
  RedisOptions options;
  SetDefaults(absl::Seconds(1), &options);
  return options;
}

std::string Wrong(const RedisOptions& options) {
  config::Checks checks;
  CheckOptions(options, &checks);
  return std::string(checks.Result().message());
}

TEST(RedisOptionsTest, EveryOptionReachesTheClient) {
  RedisOptions options = Defaults();
  options.add_addresses("redis:6380");
  options.set_cluster(true);
  options.set_user("trivium");
  options.set_password("secret");
  options.set_pool_size(3);
  const ClientOptions client = ToClientOptions("push", options);
  EXPECT_EQ(client.name, "push");
  EXPECT_EQ(client.addresses, (std::vector<std::string>{"127.0.0.1:6379", "redis:6380"}));
  EXPECT_TRUE(client.cluster);
  EXPECT_EQ(client.user, "trivium");
  EXPECT_EQ(client.password, "secret");
  EXPECT_EQ(client.pool_size, 3);
  EXPECT_EQ(client.command_timeout, absl::Seconds(1));
  EXPECT_EQ(Wrong(options), "");
  options = Defaults();
  options.set_database(7);  // A cluster has none.
  EXPECT_EQ(ToClientOptions("push", options).database, 7);
}

// What the config lets pass, the client takes: it checks its options again.
TEST(RedisOptionsTest, TheClientTakesTheEndsOfEveryRange) {
  for (const int pool_size : {1, 1000}) {
    for (const absl::Duration timeout : {absl::Milliseconds(10), absl::Seconds(10)}) {
      for (const int database : {0, 15}) {
        RedisOptions options;
        SetDefaults(timeout, &options);
        options.set_pool_size(pool_size);
        options.set_database(database);
        EXPECT_EQ(Wrong(options), "");
        EXPECT_TRUE(CheckOptions(ToClientOptions("push", options)).ok());
      }
    }
  }
}

TEST(RedisOptionsTest, SaysWhatIsWanted) {
  const struct {
    void (*change)(RedisOptions&);
    const char* want;
  } kCases[] = {
      {[](RedisOptions& o) { o.clear_addresses(); }, "redis.addresses: 0 addresses, want 1 without cluster"},
      {[](RedisOptions& o) { o.add_addresses("b:1"); }, "redis.addresses: 2 addresses, want 1 without cluster"},
      {[](RedisOptions& o) { o.set_addresses(0, "b"); },
       "redis.addresses: \"b\", want host:port with a port of 1 to 65535"},
      {[](RedisOptions& o) { o.set_user("u"); }, "redis.password: empty, want one with a user"},
      {[](RedisOptions& o) { o.set_pool_size(0); }, "redis.pool_size: 0, want 1 to 1000"},
      {[](RedisOptions& o) { o.mutable_command_timeout()->set_seconds(11); },
       "redis.command_timeout: 11s, want 10ms to 10s"},
      {[](RedisOptions& o) { o.set_database(16); }, "redis.database: 16, want 0 to 15"},
      {[](RedisOptions& o) { o.set_cluster(true), o.set_database(1); }, "redis.database: 1, want 0 to 0"},
  };
  for (const auto& c : kCases) {
    RedisOptions options = Defaults();
    c.change(options);
    EXPECT_EQ(Wrong(options), c.want);
  }
}

}  // namespace
}  // namespace trivium::redis
