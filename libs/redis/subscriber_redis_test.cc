// The subscriber against a real server that is killed, hung and restarted, and against liars.
#include "libs/redis/subscriber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/redis/client.h"
#include "libs/redis/fake_server.h"
#include "libs/redis/test_redis.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "libs/test_process/test_process.h"

namespace trivium::redis {
namespace {

using testing::ElementsAre;

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr Metric kLost = {"trivium_redis_subscriber_lost_total", "", {"name"}};

// Writes down what it is told: "+channel", "channel=payload", "lost".
class Recorder : public SubscriberListener {
 public:
  void OnMessage(std::string_view channel, std::string_view payload) override {
    Note(std::string(channel) + "=" + std::string(payload));
  }
  void OnSubscribed(std::string_view channel) override { Note("+" + std::string(channel)); }
  void OnLost() override { Note("lost"); }

  // Blocks the subscriber's thread at its next call until Release.
  void Hold() {
    MutexLock lock(mu_);
    held_ = true;
  }
  void Release() {
    MutexLock lock(mu_);
    held_ = false;
    changed_.NotifyAll();
  }
  // Waits until so much was noted since the last time, and takes it.
  std::vector<std::string> Take(size_t count) {
    MutexLock lock(mu_);
    const absl::Time until = absl::Now() + kPatience;
    while (noted_.size() < count && absl::Now() < until) changed_.WaitFor(mu_, absl::Milliseconds(100));
    return std::exchange(noted_, {});
  }

 private:
  void Note(std::string what) {
    MutexLock lock(mu_);
    while (held_) changed_.Wait(mu_);
    noted_.push_back(std::move(what));
    changed_.NotifyAll();
  }

  Mutex mu_;
  CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::string> noted_ ABSL_GUARDED_BY(mu_);
};

SubscriberOptions Impatient(const std::string& address) {
  return {.name = "test",
          .addresses = {address},
          .ping_interval = absl::Milliseconds(100),
          .ping_timeout = absl::Milliseconds(200),
          .min_backoff = absl::Milliseconds(5),
          .max_backoff = absl::Milliseconds(20)};
}

class SubscriberTest : public testing::Test {
 protected:
  void SetUp() override {
    auto redis = TestRedis::Start();
    ASSERT_TRUE(redis.ok()) << redis.status();
    redis_ = *std::move(redis);
  }
  void Open(const SubscriberOptions& options) {
    auto subscriber = NewSubscriber(options, recorder_, Clock::Real(), metrics_);
    ASSERT_TRUE(subscriber.ok()) << subscriber.status();
    subscriber_ = *std::move(subscriber);
  }
  int64_t Publish(const std::string& channel, const std::string& payload) {
    const auto reply = redis_->Run({"PUBLISH", channel, payload});
    return reply.ok() ? reply->Integer().value_or(-1) : -1;
  }

  Metrics metrics_;
  Recorder recorder_;
  std::unique_ptr<TestRedis> redis_;
  std::unique_ptr<Subscriber> subscriber_;
};

TEST_F(SubscriberTest, HearsWhatIsPublishedAfterItWasConfirmedInOrder) {
  Open(Impatient(redis_->address()));
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  EXPECT_THAT(recorder_.Take(1), ElementsAre("+a"));
  EXPECT_TRUE(subscriber_->connected());
  for (const char* payload : {"1", "2", "3"}) EXPECT_EQ(Publish("a", payload), 1);
  EXPECT_EQ(Publish("b", "nobody"), 0);
  EXPECT_THAT(recorder_.Take(3), ElementsAre("a=1", "a=2", "a=3"));
}

TEST_F(SubscriberTest, AnUnsubscribedChannelIsSilentAndMayComeAgain) {
  Open(Impatient(redis_->address()));
  ASSERT_TRUE(subscriber_->Subscribe({"a", "b"}).ok());
  recorder_.Take(2);
  subscriber_->Unsubscribe({"a", "never"});
  ASSERT_TRUE(subscriber_->Subscribe({"b"}).ok());
  EXPECT_THAT(recorder_.Take(1), ElementsAre("+b")) << "confirmed again, after the other was unsubscribed";
  EXPECT_EQ(Publish("a", "1"), 0);
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  EXPECT_THAT(recorder_.Take(1), ElementsAre("+a"));
}

TEST_F(SubscriberTest, AfterACrashItSaysLostAndSubscribesAllAgain) {
  Open(Impatient(redis_->address()));
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  EXPECT_THAT(recorder_.Take(1), ElementsAre("+a"));
  redis_->Kill9();
  EXPECT_THAT(recorder_.Take(1), ElementsAre("lost"));
  ASSERT_TRUE(subscriber_->Subscribe({"while away", "not meant"}).ok());
  subscriber_->Unsubscribe({"not meant"});
  ASSERT_EQ(redis_->Restart(TestRedis::Data::kWiped), absl::OkStatus());
  EXPECT_THAT(recorder_.Take(2), testing::UnorderedElementsAre("+a", "+while away"));
  EXPECT_EQ(Publish("a", "back"), 1);
  EXPECT_THAT(recorder_.Take(1), ElementsAre("a=back"));
  EXPECT_EQ(metrics_.GetCounter(kLost, {"test"}).Value(), 1);
}

TEST_F(SubscriberTest, AServerThatIsNotThereYetIsNoLoss) {
  redis_->Kill9();
  Open(Impatient(redis_->address()));
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  ASSERT_EQ(redis_->Restart(), absl::OkStatus());
  EXPECT_THAT(recorder_.Take(1), ElementsAre("+a"));
}

TEST_F(SubscriberTest, AHungServerIsFoundOutByPing) {
  Open(Impatient(redis_->address()));
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  recorder_.Take(1);
  redis_->Stop();
  EXPECT_THAT(recorder_.Take(1), ElementsAre("lost"));
  redis_->Cont();
  EXPECT_THAT(recorder_.Take(1), testing::Contains("+a"));
}

TEST_F(SubscriberTest, ASlowListenerIsNoSilence) {
  Open(Impatient(redis_->address()));
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  recorder_.Take(1);
  recorder_.Hold();
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(Publish("a", absl::StrCat(i)), 1);
  recorder_.Release();
  const std::vector<std::string> heard = recorder_.Take(2000);
  ASSERT_EQ(heard.size(), 2000u);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(heard[static_cast<size_t>(i)], absl::StrCat("a=", i));
}

TEST_F(SubscriberTest, AListenerThatIsTooSlowIsCutByTheServerAndToldSo) {
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 1mb 1"}).ok());
  Open(Impatient(redis_->address()));
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  recorder_.Take(1);
  recorder_.Hold();
  // Until the server has cut it: its buffer and the kernel's are full.
  const std::string payload(100000, 'x');
  int sent = 0;
  while (sent < 10000 && Publish("a", payload) == 1) ++sent;
  ASSERT_LT(sent, 10000);
  recorder_.Release();
  std::vector<std::string> heard;
  while (heard.empty() || heard.back() != "+a") {
    const std::vector<std::string> more = recorder_.Take(1);
    ASSERT_FALSE(more.empty());
    heard.insert(heard.end(), more.begin(), more.end());
  }
  EXPECT_EQ(heard[heard.size() - 2], "lost");
  EXPECT_LT(heard.size(), static_cast<size_t>(sent) + 3);
}

TEST_F(SubscriberTest, AHundredThousandChannelsAndNotOneMore) {
  SubscriberOptions options = Impatient(redis_->address());
  options.ping_timeout = absl::Seconds(10);
  Open(options);
  std::vector<std::string> channels;
  for (int i = 0; i < 100000; ++i) channels.push_back(absl::StrCat("room:", i));
  ASSERT_TRUE(subscriber_->Subscribe(channels).ok());
  size_t confirmed = 0;
  while (confirmed < channels.size()) {
    const size_t more = recorder_.Take(1).size();
    ASSERT_GT(more, 0u);
    confirmed += more;
  }
  EXPECT_EQ(ReasonOf(subscriber_->Subscribe({"room:1", "one more"})), "REDIS_CHANNELS_FULL");
  EXPECT_TRUE(subscriber_->Subscribe({"room:1"}).ok()) << "has it already";
  EXPECT_EQ(Publish("room:99999", "x"), 1);
  EXPECT_THAT(recorder_.Take(2), testing::Contains("room:99999=x"));
}

TEST_F(SubscriberTest, TheListenerMaySubscribe) {
  class Follows : public Recorder {
   public:
    void OnMessage(std::string_view channel, std::string_view payload) override {
      EXPECT_TRUE(subscriber->Subscribe({std::string(payload)}).ok());
      subscriber->Unsubscribe({std::string(channel)});
    }
    Subscriber* subscriber = nullptr;
  } follows;
  auto subscriber = *NewSubscriber(Impatient(redis_->address()), follows, Clock::Real(), metrics_);
  follows.subscriber = subscriber.get();
  ASSERT_TRUE(subscriber->Subscribe({"a"}).ok());
  EXPECT_THAT(follows.Take(1), ElementsAre("+a"));
  EXPECT_EQ(Publish("a", "b"), 1);
  EXPECT_THAT(follows.Take(1), ElementsAre("+b"));
}

TEST_F(SubscriberTest, GoesOnToTheNextAddress) {
  SubscriberOptions options = Impatient(absl::StrCat("127.0.0.1:", FreePort()));
  options.addresses.push_back(redis_->address());
  Open(options);
  ASSERT_TRUE(subscriber_->Subscribe({"a"}).ok());
  EXPECT_THAT(recorder_.Take(1), ElementsAre("+a"));
}

TEST_F(SubscriberTest, BadNamesAndOptionsAreRefused) {
  Open(Impatient(redis_->address()));
  EXPECT_EQ(ReasonOf(subscriber_->Subscribe({"a", ""})), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(subscriber_->Subscribe({std::string(kMaxChannelBytes + 1, 'x')})), "FIELD_INVALID");
  for (const SubscriberOptions& options : {SubscriberOptions{}, SubscriberOptions{.addresses = {"a"}},
                                           SubscriberOptions{.addresses = {"a:1"}, .max_channels = 0}}) {
    EXPECT_EQ(ReasonOf(NewSubscriber(options, recorder_, Clock::Real(), metrics_).status()), "FIELD_INVALID");
  }
}

// A server that says something else than it should is left, and tried again.
TEST(SubscriberHostileTest, LiesEndTheConnectionNotTheProcess) {
  for (const char* lie :
       {"garbage\r\n", "-NOPERM no\r\n", "*0\r\n", "*1\r\n$7\r\nmessage\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n",
        "*3\r\n$7\r\nmessage\r\n:1\r\n$1\r\nx\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n*0\r\n",
        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$99999999\r\n", ":1\r\n", "$-1\r\n", ""}) {
    std::atomic<int> subscribed{0};
    FakeServer server([&](const std::vector<std::string>& command) -> FakeServer::Answer {
      if (command[0] != "SUBSCRIBE") return {""};
      if (subscribed++ == 0) return {lie};
      return {"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"};
    });
    Metrics metrics;
    Recorder recorder;
    auto subscriber = *NewSubscriber(Impatient(server.address()), recorder, Clock::Real(), metrics);
    ASSERT_TRUE(subscriber->Subscribe({"a"}).ok());
    std::vector<std::string> heard = recorder.Take(2);
    ASSERT_GE(heard.size(), 2u) << lie;
    heard.resize(2);
    EXPECT_THAT(heard, ElementsAre("lost", "+a")) << lie;
  }
}

}  // namespace
}  // namespace trivium::redis
