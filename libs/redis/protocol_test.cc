// Commands, scripts, addresses, and what error replies mean.
#include <gtest/gtest.h>

#include "libs/redis/address.h"
#include "libs/redis/client.h"
#include "libs/redis/errors.h"
#include "libs/status/error.h"

namespace trivium::redis {
namespace {

std::string Wire(const Command& command, bool full_script = false) {
  std::string wire;
  AppendCommand(command, full_script, &wire);
  return wire;
}

TEST(CommandTest, IsBinarySafeOnTheWire) {
  EXPECT_EQ(Wire({{"SET", "k", std::string("a\r\n\0b", 5)}}),
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\n" + std::string("\0b\r\n", 4));
  EXPECT_EQ(Wire({{"GET", ""}}), "*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
}

TEST(CommandTest, RoutesByItsKey) {
  EXPECT_EQ(*Command({{"GET", "k"}}).routing_key(), "k");
  EXPECT_EQ(Command({{"PING"}}).routing_key(), nullptr);
  EXPECT_EQ(Command({{"PUBLISH", "c", "m"}, false, 0}).routing_key(), nullptr);
  EXPECT_EQ(*Command({{"XREAD", "COUNT", "1", "STREAMS", "s", "0"}, false, 4}).routing_key(), "s");
}

TEST(CommandTest, RefusesWhatWouldBlockOrChangeItsConnection) {
  for (const char* name : {"SUBSCRIBE", "multi", "Exec", "BLPOP", "SELECT", "HELLO", "CLIENT", "WATCH", "QUIT"}) {
    EXPECT_EQ(ReasonOf(CheckCommand({{name, "x"}})), "FIELD_INVALID") << name;
  }
  EXPECT_FALSE(CheckCommand({}).ok());
  EXPECT_FALSE(CheckCommand({{""}}).ok());
  EXPECT_FALSE(CheckCommand({std::vector<std::string>(kMaxArguments + 1, "x")}).ok());
  EXPECT_FALSE(CheckCommand({{"SET", "k", std::string(kMaxCommandBytes, 'x')}}).ok());
  EXPECT_TRUE(CheckCommand({{"SET", "k", "v"}}).ok());
}

TEST(ScriptTest, IsCalledByTheHashThatTheServerComputes) {
  const Script script("return 1");
  EXPECT_EQ(script.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");  // SCRIPT LOAD "return 1".
  const Command call = script.Call({"k"}, {"a"});
  EXPECT_EQ(*call.routing_key(), "k");
  EXPECT_EQ(call.arguments, (std::vector<std::string>{"EVALSHA", script.sha1(), "1", "k", "a"}));
  EXPECT_EQ(Wire(call, true), "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n");
  EXPECT_EQ(script.Call({}, {"a"}).routing_key(), nullptr);
}

TEST(AddressTest, Table) {
  const struct {
    const char* text;
    const char* want;  // "" for an error.
  } cases[] = {
      {"127.0.0.1:6379", "127.0.0.1:6379"},
      {"cache:1", "cache:1"},
      {"[::1]:6379", "[::1]:6379"},
      {"::1:6379", "[::1]:6379"},
      {"cache", ""},
      {":6379", ""},
      {"cache:", ""},
      {"cache:0", ""},
      {"cache:65536", ""},
      {"cache:-1", ""},
      {"a b:1", ""},
      {"", ""},
      {"cache:6379 ", "cache:6379"},
  };
  for (const auto& c : cases) {
    const auto address = ParseAddress(c.text);
    EXPECT_EQ(address.ok() ? address->ToString() : "", c.want) << c.text;
  }
  EXPECT_EQ(ParseAddress(":7", "here")->ToString(), "here:7");
}

TEST(ErrorsTest, EachErrorReplyHasItsMeaning) {
  const struct {
    const char* text;
    absl::StatusCode code;
    const char* reason;
  } cases[] = {
      {"LOADING Redis is loading the dataset in memory", absl::StatusCode::kUnavailable, "REDIS_LOADING"},
      {"READONLY You can't write against a read only replica.", absl::StatusCode::kUnavailable, "REDIS_READ_ONLY"},
      {"CLUSTERDOWN The cluster is down", absl::StatusCode::kUnavailable, "REDIS_CLUSTER_DOWN"},
      {"TRYAGAIN Multiple keys", absl::StatusCode::kUnavailable, "REDIS_SLOT_MOVING"},
      {"MISCONF Errors writing to the AOF file", absl::StatusCode::kUnavailable, "REDIS_WRITES_REFUSED"},
      {"NOREPLICAS Not enough good replicas", absl::StatusCode::kUnavailable, "REDIS_WRITES_REFUSED"},
      {"BUSY Redis is busy running a script", absl::StatusCode::kUnavailable, "REDIS_BUSY"},
      {"OOM command not allowed", absl::StatusCode::kResourceExhausted, "REDIS_OUT_OF_MEMORY"},
      {"NOAUTH Authentication required.", absl::StatusCode::kInternal, "REDIS_ACCESS_DENIED"},
      {"WRONGPASS invalid", absl::StatusCode::kInternal, "REDIS_ACCESS_DENIED"},
      {"CROSSSLOT Keys in request", absl::StatusCode::kInvalidArgument, "REDIS_CROSS_SLOT"},
      {"WRONGTYPE Operation against", absl::StatusCode::kFailedPrecondition, "REDIS_WRONG_TYPE"},
      {"ERR max number of clients reached", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
      {"ERR unknown command", absl::StatusCode::kInternal, "REDIS_ERROR"},
      {"EPOCH_CHANGED", absl::StatusCode::kInternal, "REDIS_ERROR"},
      {"", absl::StatusCode::kInternal, "REDIS_ERROR"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ServerError(c.text);
    EXPECT_EQ(status.code(), c.code) << c.text;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.text;
    EXPECT_EQ(MetadataOf(status, "redis_code"), std::string(c.text).substr(0, std::string(c.text).find(' ')));
    EXPECT_FALSE(IsOutcomeUnknown(status));
  }
  EXPECT_TRUE(IsOutcomeUnknown(OutcomeUnknown("n", "time-out")));
  EXPECT_FALSE(IsOutcomeUnknown(absl::UnknownError("something else")));
}

TEST(ErrorsTest, RedirectionsAreReadOrRefused) {
  EXPECT_EQ(ParseRedirection("MOVED 3999 127.0.0.1:6381")->slot, 3999);
  EXPECT_EQ(ParseRedirection("ASK 0 :6381")->node, ":6381");
  for (const char* text : {"MOVED", "MOVED 1", "MOVED x 1.1.1.1:1", "MOVED 16384 a:1", "MOVED -1 a:1", "ASK 1 a"}) {
    EXPECT_FALSE(ParseRedirection(text).has_value()) << text;
  }
}

TEST(OptionsTest, EveryWrongFieldIsNamed) {
  ClientOptions options = {.name = "", .addresses = {"a", "b:1"}, .pool_size = 0, .database = 16, .user = "u"};
  options.command_timeout = absl::ZeroDuration();
  const std::string text(CheckOptions(options).message());
  for (const char* field : {"redis.name", "2 addresses, want 1 without cluster", "\"a\", want host:port",
                            "redis.pool_size", "redis.database", "redis.password", "redis.command_timeout"}) {
    EXPECT_NE(text.find(field), std::string::npos) << field << " in " << text;
  }
  EXPECT_TRUE(CheckOptions({.addresses = {"a:1"}}).ok());
  EXPECT_TRUE(CheckOptions({.addresses = {"a:1", "b:1"}, .cluster = true}).ok());
  EXPECT_FALSE(CheckOptions({.addresses = {"a:1"}, .cluster = true, .database = 1}).ok());
}

}  // namespace
}  // namespace trivium::redis
