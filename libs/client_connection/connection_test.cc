#include "libs/client_connection/connection.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "libs/client_connection/tiny_gateway.h"
#include "libs/sync/mutex.h"

namespace trivium::client {
namespace {

class Listener : public SessionListener {
 public:
  void OnConnected(const std::string& id) override { Say("connected " + id); }
  void OnDisconnected(uint32_t code, const std::string&) override { Say(absl::StrCat("gone ", code)); }
  bool Await(const std::string& text) {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    MutexLock lock(mu_);
    while (said_.find(text) == std::string::npos) {
      if (absl::Now() > give_up) return false;
      changed_.WaitFor(mu_, absl::Milliseconds(100));
    }
    return true;
  }

 private:
  void Say(const std::string& text) {
    MutexLock lock(mu_);
    said_ += text + "; ";
    changed_.NotifyAll();
  }
  Mutex mu_;
  CondVar changed_;
  std::string said_ ABSL_GUARDED_BY(mu_);
};

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() : loop_(*Loop::Start()) {}

  ConnectionOptions Options(const TinyGateway& gateway) {
    return {.address = gateway.address(),
            .token = [this] { return absl::StrCat("token", ++tokens_); },
            .reconnect_min = absl::Milliseconds(1),
            .reconnect_max = absl::Milliseconds(20),
            .ack_delay = absl::Milliseconds(1)};
  }
  static bool Echo(const TinyGateway::Command& command, TinyGateway::Reply* reply) {
    if (command.has_rpc()) reply->mutable_rpc()->set_data(command.rpc().data());
    return true;
  }

  std::atomic<int> tokens_ = 0;
  Listener listener_;
  std::unique_ptr<Loop> loop_;
};

TEST_F(ConnectionTest, ComesBackAfterEveryEnd) {
  TinyGateway gateway(Echo);
  Connection connection(Options(gateway), *loop_, listener_);
  connection.Open();
  ASSERT_TRUE(listener_.Await("connected c1"));
  gateway.End(3001);
  ASSERT_TRUE(listener_.Await("gone 3001; connected c2"));
  gateway.End(0);
  ASSERT_TRUE(listener_.Await("gone 0; connected c3"));
  connection.Cut(absl::Milliseconds(5));
  ASSERT_TRUE(listener_.Await("gone 0; connected c4"));
  loop_->Run([] {});  // The callback comes before the count.
  EXPECT_EQ(connection.connects(), 4);
  EXPECT_EQ(tokens_, 4);
}

TEST_F(ConnectionTest, StaysAwayWhenToldSo) {
  TinyGateway gateway(Echo);
  Connection connection(Options(gateway), *loop_, listener_);
  connection.Open();
  ASSERT_TRUE(listener_.Await("connected c1"));
  gateway.End(3503);
  ASSERT_TRUE(listener_.Await("gone 3503"));
  absl::SleepFor(absl::Milliseconds(60));
  EXPECT_TRUE(connection.ended());
  EXPECT_EQ(gateway.connections(), 1);
}

TEST_F(ConnectionTest, CallsAreAnswered) {
  TinyGateway gateway(Echo);
  Connection connection(Options(gateway), *loop_, listener_);
  connection.Open();
  ASSERT_TRUE(listener_.Await("connected c1"));
  Mutex mu;
  CondVar changed;
  std::string answer;
  connection.Call("echo", R"({"a":1})", [&](absl::StatusOr<std::string> got) {
    MutexLock lock(mu);
    answer = got.ok() ? *got : got.status().ToString();
    changed.NotifyAll();
  });
  MutexLock lock(mu);
  while (answer.empty()) changed.Wait(mu);
  EXPECT_EQ(answer, R"({"a":1})");
}

TEST_F(ConnectionTest, AStalledOneReadsWhatCameWhenItWakesUp) {
  TinyGateway gateway(Echo);
  Connection connection(Options(gateway), *loop_, listener_);
  connection.Open();
  ASSERT_TRUE(listener_.Await("connected c1"));
  connection.Stall(true);
  loop_->Run([] {});
  gateway.End(3001);
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_TRUE(connection.connected());
  connection.Stall(false);
  EXPECT_TRUE(listener_.Await("gone 3001; connected c2"));
}

TEST_F(ConnectionTest, ALoopThatGathersTellsEverything) {
  loop_ = *Loop::Start({.gather = std::chrono::milliseconds(2)});
  TinyGateway gateway(Echo);
  Connection connection(Options(gateway), *loop_, listener_);
  connection.Open();
  ASSERT_TRUE(listener_.Await("connected c1"));
  Mutex mu;
  CondVar changed;
  int answers = 0;
  for (int i = 0; i < 100; ++i) {
    connection.Call("echo", "{}", [&](absl::StatusOr<std::string> got) {
      MutexLock lock(mu);
      answers += got.ok() ? 1 : 0;
      changed.NotifyAll();
    });
  }
  MutexLock lock(mu);
  while (answers < 100) changed.Wait(mu);
}

TEST_F(ConnectionTest, AGatewayThatIsNotThereIsTriedAgain) {
  auto options = [&] {
    TinyGateway gone(Echo);
    return Options(gone);
  }();
  Connection connection(options, *loop_, listener_);
  connection.Open();
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_FALSE(connection.connected());
  EXPECT_FALSE(connection.ended());
}

}  // namespace
}  // namespace trivium::client
