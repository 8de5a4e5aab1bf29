// A publisher, readers and receivers of one real Redis, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/fanout/history_reader.h"
#include "libs/fanout/presence.h"
#include "libs/fanout/publisher.h"
#include "libs/fanout/receiver.h"
#include "libs/id/id.h"
#include "libs/redis/any_test_redis.h"
#include "libs/redis/client.h"
#include "libs/telemetry/metrics.h"

namespace trivium::fanout {

inline absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

// Calls work until it returns true, for half a minute at most. False when time is over.
template <typename Work>
bool Eventually(Work work) {
  for (const absl::Time until = Soon(); absl::Now() < until; absl::SleepFor(absl::Milliseconds(2))) {
    if (work()) return true;
  }
  return false;
}

// Everything over one Redis or cluster. Thread-safe as its parts are.
class TestFanout {
 public:
  explicit TestFanout(const redis::ClientOptions& options) : options_(options) {
    client = redis::NewClient(options, Clock::Real(), metrics).value();
    publisher = NewPublisher({}, *client, *ids, metrics).value();
    reader = NewHistoryReader(*client);
    presence = NewPresence(*client);
  }

  std::unique_ptr<Receiver> Listen(ReceiverListener& listener) {
    redis::SubscriberOptions options;
    options.addresses = options_.addresses;
    options.cluster = options_.cluster;
    return NewReceiver(options, listener, Clock::Real(), metrics).value();
  }
  absl::StatusOr<Result> Append(const Message& message) {
    return publisher->Append(std::span(&message, 1), Soon()).front();
  }
  absl::StatusOr<History> Read(const Query& query) { return reader->Read(query, Soon()); }

  Metrics metrics;
  std::unique_ptr<IdGenerator> ids = NewIdGenerator(Clock::Real());
  std::unique_ptr<redis::Client> client;
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<HistoryReader> reader;
  std::unique_ptr<Presence> presence;

 private:
  const redis::ClientOptions options_;
};

// Of a history: "offset:sequence:payload".
inline std::vector<std::string> Texts(const absl::StatusOr<History>& history) {
  if (!history.ok()) return {history.status().ToString()};
  std::vector<std::string> texts;
  for (const Entry& e : history->entries) texts.push_back(absl::StrCat(e.offset, ":", e.sequence, ":", e.payload));
  return texts;
}

// An empty Redis, of one node or a cluster, that the tests of a suite share; each test begins with an empty one.
class RedisSuite : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto redis = redis::AnyTestRedis::Start();
    ASSERT_TRUE(redis.ok()) << redis.status();
    redis_ = redis->release();
  }
  static void TearDownTestSuite() {
    delete redis_;
    redis_ = nullptr;
  }
  void SetUp() override { ASSERT_EQ(redis_->Flush(), absl::OkStatus()); }

  static absl::StatusOr<redis::Reply> Run(std::vector<std::string> arguments) {
    return redis_->Run(std::move(arguments));
  }
  static int64_t Integer(std::vector<std::string> arguments) {
    const auto reply = Run(std::move(arguments));
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->Integer().value_or(-100) : -100;
  }

  static inline redis::AnyTestRedis* redis_ = nullptr;
};

}  // namespace trivium::fanout
