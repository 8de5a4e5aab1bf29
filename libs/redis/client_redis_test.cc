// The client against a real server that is killed, wiped, hung, made a replica or filled up.
#include "libs/redis/client.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/redis/test_redis.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"

namespace trivium::redis {
namespace {

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    auto redis = TestRedis::Start();
    ASSERT_TRUE(redis.ok()) << redis.status();
    redis_ = *std::move(redis);
    client_ = NewTestClient(redis_->client_options());
  }
  std::unique_ptr<Client> NewTestClient(const ClientOptions& options) {
    auto client = NewClient(options, Clock::Real(), metrics_);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }
  ClientOptions Hasty() const {
    ClientOptions options = redis_->client_options();
    options.command_timeout = options.acquire_timeout = absl::Milliseconds(100);
    return options;
  }
  Outcome Call(std::vector<std::string> arguments) { return client_->Call({std::move(arguments)}, Soon()); }
  double Count(const Metric& metric, const std::vector<std::string>& labels) {
    return metrics_.GetCounter(metric, labels).Value();
  }

  Metrics metrics_;
  std::unique_ptr<TestRedis> redis_;
  std::unique_ptr<Client> client_;
};

constexpr Metric kCommands = {"trivium_redis_commands_total", "", {"name", "command", "code"}};
constexpr Metric kRepeats = {"trivium_redis_repeats_total", "", {"name", "reason"}};

TEST_F(ClientTest, CallsAndReadsEveryKindOfReply) {
  EXPECT_EQ(Call({"SET", "k", std::string("a\0b", 3)})->Text().value(), "OK");
  EXPECT_EQ(Call({"GET", "k"})->Text().value(), std::string("a\0b", 3));
  EXPECT_TRUE(Call({"GET", "missing"})->is_nil());
  EXPECT_EQ(Call({"INCRBY", "n", "41"})->Integer().value(), 41);
  EXPECT_EQ(Call({"GET", "n"})->Number().value(), 41);
  ASSERT_TRUE(Call({"HSET", "h", "f", "v"}).ok());
  const Outcome hash = Call({"HGETALL", "h"});
  EXPECT_EQ(hash->Tuple(2).value()[1].Text().value(), "v");
  EXPECT_EQ(ReasonOf(Call({"INCR", "h"}).status()), "REDIS_WRONG_TYPE");
  EXPECT_EQ(ReasonOf(Call({"NOSUCH"}).status()), "REDIS_ERROR");
  EXPECT_EQ(ReasonOf(Call({"SUBSCRIBE", "c"}).status()), "FIELD_INVALID");
  EXPECT_EQ(Count(kCommands, {"test", "GET", "OK"}), 3);
  EXPECT_EQ(Count(kCommands, {"test", "other", "INTERNAL"}), 1);
}

TEST_F(ClientTest, LargeValuesPass) {
  const std::string large(20 << 20, 'x');
  ASSERT_TRUE(Call({"SET", "k", large}).ok());
  EXPECT_EQ(Call({"GET", "k"})->Text().value(), large);
}

TEST_F(ClientTest, ABatchHasAnOutcomePerCommandInOrder) {
  std::vector<Command> commands = {{{"SET", "text", "abc"}}, {{"INCR", "text"}}, {{"GET", "text"}}};
  for (int i = 0; i < 5000; ++i) commands.push_back({{"INCR", "n"}});
  const std::vector<Outcome> outcomes = client_->Pipeline(commands, Soon());
  ASSERT_EQ(outcomes.size(), commands.size());
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_EQ(outcomes[1].status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(outcomes[2]->Text().value(), "abc");
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(outcomes[static_cast<size_t>(i) + 3]->Integer().value(), i + 1);
  EXPECT_TRUE(client_->Pipeline({}, Soon()).empty());
}

TEST_F(ClientTest, OneBadCommandRefusesTheBatchBeforeAnythingIsSent) {
  const std::vector<Outcome> outcomes =
      client_->Pipeline(std::vector<Command>{{{"SET", "k", "v"}}, {{"MULTI"}}}, Soon());
  EXPECT_EQ(ReasonOf(outcomes[0].status()), "FIELD_INVALID");
  EXPECT_TRUE(Call({"GET", "k"})->is_nil());
  const std::vector<Command> many(kMaxPipeline + 1, Command{{"PING"}});
  EXPECT_EQ(ReasonOf(client_->Pipeline(many, Soon()).back().status()), "FIELD_INVALID");
}

TEST_F(ClientTest, ScriptsGoByHashAndAreTaughtWhenUnknown) {
  const Script script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  EXPECT_EQ(client_->Call(script.Call({"n"}, {"5"}), Soon())->Integer().value(), 5);
  EXPECT_EQ(Count(kRepeats, {"test", "no_script"}), 1);
  EXPECT_EQ(client_->Call(script.Call({"n"}, {"5"}), Soon())->Integer().value(), 10);
  EXPECT_EQ(Count(kRepeats, {"test", "no_script"}), 1) << "known by now";
  ASSERT_TRUE(Call({"SCRIPT", "FLUSH"}).ok());
  const std::vector<Command> batch = {script.Call({"n"}, {"1"}), {{"SET", "other", "v"}}, script.Call({"n"}, {"1"})};
  const std::vector<Outcome> outcomes = client_->Pipeline(batch, Soon());
  EXPECT_EQ(outcomes[0]->Integer().value(), 11);
  EXPECT_EQ(outcomes[1]->Text().value(), "OK");
  EXPECT_EQ(outcomes[2]->Integer().value(), 12);
}

TEST_F(ClientTest, AScriptsOwnErrorKeepsItsWord) {
  const Script script("return redis.error_reply('EPOCH_CHANGED want ' .. ARGV[1])");
  const absl::Status status = client_->Call(script.Call({"k"}, {"7"}), Soon()).status();
  EXPECT_EQ(ReasonOf(status), "REDIS_ERROR");
  EXPECT_EQ(MetadataOf(status, "redis_code"), "EPOCH_CHANGED");
}

TEST_F(ClientTest, NobodyThereIsUnavailableAndNotExecuted) {
  redis_->Kill9();
  const absl::Status status = Call({"INCR", "n"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "REDIS_UNAVAILABLE");
  EXPECT_FALSE(client_->Ready().ok());
}

TEST_F(ClientTest, ARestartIsNotSeenByIdleConnections) {
  ASSERT_TRUE(Call({"SET", "k", "v"}).ok());
  redis_->Kill9();
  ASSERT_EQ(redis_->Restart(), absl::OkStatus());
  EXPECT_EQ(Call({"GET", "k"})->Text().value(), "v") << "an acknowledged write is kept";
  ASSERT_EQ(redis_->Restart(TestRedis::Data::kWiped), absl::OkStatus());
  EXPECT_TRUE(Call({"GET", "k"})->is_nil());
}

TEST_F(ClientTest, ALostAnswerIsUnknownAndAnIdempotentCommandIsRepeatedOnce) {
  auto client = NewTestClient(Hasty());
  ASSERT_TRUE(client->Call({{"SET", "n", "1"}}, Soon()).ok());
  redis_->Stop();
  EXPECT_TRUE(IsOutcomeUnknown(client->Call({{"INCR", "n"}}, Soon()).status()));
  EXPECT_EQ(Count(kRepeats, {"test", "lost"}), 0);
  EXPECT_TRUE(IsOutcomeUnknown(client->Call({{"GET", "n"}, kIdempotent}, Soon()).status()));
  EXPECT_EQ(Count(kRepeats, {"test", "lost"}), 1);
  redis_->Cont();
  EXPECT_EQ(Call({"GET", "n"})->Number().value(), 2) << "the unknown one was executed after all";
}

TEST_F(ClientTest, ACommandUnderWhichTheServerDiesIsUnknownOrNotExecuted) {
  auto client = NewTestClient(redis_->client_options());
  ASSERT_TRUE(client->Call({{"PING"}}, Soon()).ok());
  redis_->Stop();
  absl::Status status;
  std::thread caller([&] { status = client->Call({{"INCR", "n"}}, Soon()).status(); });
  // Until its bytes are in the server's hands.
  while (metrics_.GetGauge({"trivium_redis_pool_in_use", "", {"name"}}, {"test"}).Value() < 1)
    std::this_thread::yield();
  redis_->Kill9();
  caller.join();
  EXPECT_TRUE(IsOutcomeUnknown(status) || status.code() == absl::StatusCode::kUnavailable) << status;
}

TEST_F(ClientTest, NoTimeLeftMeansNotSent) {
  const absl::Status status = client_->Call({{"SET", "k", "v"}}, absl::Now() - absl::Seconds(1)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Call({"GET", "k"})->is_nil());
}

TEST_F(ClientTest, AFullPoolIsResourceExhausted) {
  ClientOptions options = redis_->client_options();
  options.pool_size = 1;
  options.acquire_timeout = absl::Milliseconds(1);
  auto client = NewTestClient(options);
  ASSERT_TRUE(client->Call({{"PING"}}, Soon()).ok());
  redis_->Stop();
  std::thread holder([&] { (void)client->Call({{"PING"}}, Soon()); });
  while (metrics_.GetGauge({"trivium_redis_pool_in_use", "", {"name"}}, {"test"}).Value() < 1)
    std::this_thread::yield();
  EXPECT_EQ(ReasonOf(client->Call({{"SET", "k", "v"}}, Soon()).status()), "REDIS_POOL_EXHAUSTED");
  redis_->Cont();
  holder.join();
  EXPECT_TRUE(client->Call({{"PING"}}, Soon()).ok());
}

TEST_F(ClientTest, ManyThreadsShareAFewConnections) {
  ClientOptions options = redis_->client_options();
  options.pool_size = 3;
  options.acquire_timeout = absl::Seconds(20);
  auto client = NewTestClient(options);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string key = absl::StrCat("k", t);
        EXPECT_EQ(client->Call({{"INCR", key}}, Soon())->Integer().value(), i + 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(metrics_.GetGauge({"trivium_redis_pool_open", "", {"name"}}, {"test"}).Value(), 3);
  EXPECT_EQ(metrics_.GetGauge({"trivium_redis_pool_in_use", "", {"name"}}, {"test"}).Value(), 0);
}

TEST_F(ClientTest, ReadyWhileWritesAreTaken) {
  EXPECT_EQ(client_->Ready(), absl::OkStatus());
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "maxmemory", "1"}).ok());
  EXPECT_EQ(ReasonOf(client_->Ready()), "REDIS_OUT_OF_MEMORY");
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "maxmemory", "0"}).ok());
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "min-replicas-to-write", "1"}).ok());
  EXPECT_EQ(ReasonOf(client_->Ready()), "REDIS_WRITES_REFUSED");
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "min-replicas-to-write", "0"}).ok());
  EXPECT_EQ(client_->Ready(), absl::OkStatus());
}

TEST_F(ClientTest, AHungServerIsNotReady) {
  auto client = NewTestClient(Hasty());
  ASSERT_EQ(client->Ready(), absl::OkStatus());
  redis_->Stop();
  EXPECT_FALSE(client->Ready().ok());
  redis_->Cont();
  EXPECT_EQ(client->Ready(), absl::OkStatus());
}

TEST_F(ClientTest, AReplicaIsNotReadyAlsoWhenItTakesWrites) {
  auto master = TestRedis::Start();
  ASSERT_TRUE(master.ok()) << master.status();
  ASSERT_EQ(redis_->ReplicateFrom(**master), absl::OkStatus());
  EXPECT_EQ(ReasonOf(client_->Ready()), "REDIS_READ_ONLY");
  EXPECT_EQ(ReasonOf(Call({"SET", "k", "v"}).status()), "REDIS_READ_ONLY");
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "replica-read-only", "no"}).ok());
  EXPECT_EQ(ReasonOf(client_->Ready()), "REDIS_READ_ONLY");
  ASSERT_EQ(redis_->BecomeMaster(), absl::OkStatus());
  EXPECT_EQ(client_->Ready(), absl::OkStatus());
}

TEST_F(ClientTest, PasswordAndDatabase) {
  auto locked = TestRedis::Start({"--requirepass", "secret"});
  ASSERT_TRUE(locked.ok()) << locked.status();
  ClientOptions options = (*locked)->client_options();
  EXPECT_EQ(ReasonOf(NewTestClient(options)->Call({{"GET", "k"}}, Soon()).status()), "REDIS_ACCESS_DENIED");
  options.password = "wrong";
  EXPECT_EQ(ReasonOf(NewTestClient(options)->Call({{"GET", "k"}}, Soon()).status()), "REDIS_ACCESS_DENIED");
  options.password = "secret";
  options.user = "default";
  options.database = 3;
  ASSERT_TRUE(NewTestClient(options)->Call({{"SET", "k", "in 3"}}, Soon()).ok());
  options.database = 0;
  EXPECT_TRUE(NewTestClient(options)->Call({{"GET", "k"}}, Soon())->is_nil());
}

TEST_F(ClientTest, TooManyClientsIsUnavailable) {
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "maxclients", "1"}).ok());
  auto first = NewTestClient(redis_->client_options());
  ASSERT_TRUE(first->Call({{"PING"}}, Soon()).ok());
  const absl::Status status = Call({"SET", "k", "v"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
}

}  // namespace
}  // namespace trivium::redis
