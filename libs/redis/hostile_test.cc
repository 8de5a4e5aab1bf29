// The client against a server that lies, stalls and breaks off.
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/redis/client.h"
#include "libs/redis/fake_server.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"
#include "libs/test_process/test_process.h"

namespace trivium::redis {
namespace {

using Words = std::vector<std::string>;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class HostileTest : public testing::Test {
 protected:
  std::unique_ptr<Client> ClientOf(const FakeServer& server, bool cluster = false) {
    ClientOptions options = {.name = "test", .addresses = {server.address()}, .cluster = cluster};
    options.command_timeout = absl::Milliseconds(100);
    return *NewClient(options, Clock::Real(), metrics_);
  }
  // CLUSTER SLOTS: one node with all slots.
  static std::string AllSlotsOn(int port) {
    return absl::StrCat("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:", port, "\r\n");
  }

  Metrics metrics_;
};

TEST_F(HostileTest, HalfAnswersGarbageAndSilenceAreUnknownAndTheConnectionEnds) {
  const FakeServer::Answer cases[] = {
      {"", true},
      {"", false},
      {"$5\r\nab", true},
      {"$5\r\nab", false},
      {"*2\r\n:1\r\n", true},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", false},
      {"*2000000000\r\n", false},
      {"$999999999999\r\n", false},
      {std::string("\0\0\0", 3), false},
  };
  for (const FakeServer::Answer& answer : cases) {
    std::atomic<bool> evil{true};
    FakeServer server([&](const Words&) { return evil ? answer : FakeServer::Answer{"+OK\r\n"}; });
    auto client = ClientOf(server);
    EXPECT_TRUE(IsOutcomeUnknown(client->Call({{"INCR", "n"}}, Soon()).status())) << answer.bytes;
    EXPECT_EQ(server.commands(), 1) << "repeated: " << answer.bytes;
    EXPECT_FALSE(client->Ready().ok());
    evil = false;
    EXPECT_EQ(client->Call({{"INCR", "n"}}, Soon())->Text().value(), "OK") << "a new connection, nothing left over";
  }
}

TEST_F(HostileTest, AnIdempotentCommandIsRepeatedOnceOnANewConnection) {
  std::atomic<int> calls{0};
  FakeServer server([&](const Words&) {
    return calls++ == 0 ? FakeServer::Answer{"", true} : FakeServer::Answer{":7\r\n"};
  });
  auto client = ClientOf(server);
  EXPECT_EQ(client->Call({{"GET", "n"}, kIdempotent}, Soon())->Integer().value(), 7);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HostileTest, ARefusedRepetitionDoesNotMakeALostAnswerCertain) {
  std::atomic<int> calls{0};
  FakeServer server([&](const Words&) {
    return calls++ == 0 ? FakeServer::Answer{"", true} : FakeServer::Answer{"-LOADING wait\r\n"};
  });
  auto client = ClientOf(server);
  EXPECT_TRUE(IsOutcomeUnknown(client->Call({{"INCR", "n"}, kIdempotent}, Soon()).status()));
}

TEST_F(HostileTest, AnswersOfABatchBeforeTheBreakCount) {
  std::atomic<int> calls{0};
  FakeServer server([&](const Words&) { return FakeServer::Answer{":1\r\n", ++calls == 3}; });
  auto client = ClientOf(server);
  const std::vector<Command> commands(5, Command{{"INCR", "n"}});
  const std::vector<Outcome> outcomes = client->Pipeline(commands, Soon());
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(outcomes[i].ok(), i < 3) << i;
    EXPECT_EQ(IsOutcomeUnknown(outcomes[i].status()), i >= 3) << outcomes[i].status();
  }
}

TEST_F(HostileTest, AnUnaskedAnswerIsNotTakenForTheNextCommands) {
  FakeServer server(
      [&](const Words& command) { return FakeServer::Answer{command[0] == "GET" ? "+a\r\n+stray\r\n" : "+b\r\n"}; });
  auto client = ClientOf(server);
  EXPECT_EQ(client->Call({{"GET", "k"}}, Soon())->Text().value(), "a");
  EXPECT_EQ(client->Call({{"SET", "k", "v"}}, Soon())->Text().value(), "b");
}

TEST_F(HostileTest, RedirectionsWithoutEndEnd) {
  std::atomic<int> port{0};
  FakeServer server([&](const Words& command) -> FakeServer::Answer {
    if (command[0] == "CLUSTER") return {AllSlotsOn(port)};
    if (command[0] == "ASKING") return {"+OK\r\n"};
    return {absl::StrCat(command[1] == "ask" ? "-ASK" : "-MOVED", " 1 127.0.0.1:", port.load(), "\r\n")};
  });
  port = server.port();
  auto client = ClientOf(server, /*cluster=*/true);
  for (const char* key : {"moved", "ask"}) {
    EXPECT_EQ(ReasonOf(client->Call({{"GET", key}}, Soon()).status()), "REDIS_SLOT_MOVING");
  }
  EXPECT_LT(server.commands(), 50);
}

TEST_F(HostileTest, MalformedRedirectionsAreErrorsOfTheCommand) {
  std::atomic<int> port{0};
  for (const char* text : {"-MOVED\r\n", "-MOVED 1 nowhere\r\n", "-ASK x y:1\r\n", "-MOVED 1 a:99999\r\n"}) {
    FakeServer server([&](const Words& command) -> FakeServer::Answer {
      return {command[0] == "CLUSTER" ? AllSlotsOn(port) : text};
    });
    port = server.port();
    auto client = ClientOf(server, /*cluster=*/true);
    EXPECT_EQ(ReasonOf(client->Call({{"GET", "k"}}, Soon()).status()), "REDIS_SLOT_MOVING") << text;
    EXPECT_EQ(server.commands(), 2) << text;
  }
}

TEST_F(HostileTest, ASingleNodeThatRedirectsIsNotFollowed) {
  FakeServer server([&](const Words&) { return FakeServer::Answer{"-MOVED 1 127.0.0.1:1\r\n"}; });
  auto client = ClientOf(server);
  EXPECT_EQ(ReasonOf(client->Call({{"GET", "k"}}, Soon()).status()), "REDIS_SLOT_MOVING");
  EXPECT_EQ(server.commands(), 1);
}

TEST_F(HostileTest, ASlotMapThatLiesIsRefused) {
  for (const char* map :
       {"+OK\r\n", "*0\r\n", "*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n$1\r\na\r\n:1\r\n", "garbage\r\n", ""}) {
    FakeServer server([&](const Words&) { return FakeServer::Answer{map, *map == 0}; });
    auto client = ClientOf(server, /*cluster=*/true);
    const absl::Status status = client->Call({{"INCR", "n"}}, Soon()).status();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(IsOutcomeUnknown(status)) << "nothing was sent: " << status;
  }
}

TEST_F(HostileTest, TryAgainIsTriedAgainAndEnds) {
  std::atomic<int> calls{0}, until_ok{3};
  FakeServer server([&](const Words&) {
    return calls++ < until_ok ? FakeServer::Answer{"-TRYAGAIN Multiple keys\r\n"} : FakeServer::Answer{"+OK\r\n"};
  });
  FakeClock clock(absl::Now());
  ClientOptions options = {.name = "test", .addresses = {server.address()}};
  auto client = *NewClient(options, clock, metrics_);
  EXPECT_TRUE(client->Call({{"MGET", "a", "b"}}, absl::InfiniteFuture()).ok());
  calls = 0;
  until_ok = 1000;
  EXPECT_EQ(ReasonOf(client->Call({{"MGET", "a", "b"}}, absl::InfiniteFuture()).status()), "REDIS_SLOT_MOVING");
}

TEST_F(HostileTest, AServerThatNeverReadsIsUnknownOrNotExecutedButNeverAHang) {
  FakeServer server([](const Words&) { return FakeServer::Answer{}; });
  auto client = ClientOf(server);
  const std::vector<Command> commands(50, Command{{"SET", "k", std::string(1 << 20, 'x')}});
  for (const Outcome& outcome : client->Pipeline(commands, Soon())) {
    EXPECT_TRUE(IsOutcomeUnknown(outcome.status()) || outcome.status().code() == absl::StatusCode::kUnavailable);
  }
}

}  // namespace
}  // namespace trivium::redis
