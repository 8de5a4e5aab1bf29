// What receivers hear of publishers, over a real Redis.
#include "libs/fanout/receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "libs/fanout/metrics.h"
#include "libs/fanout/recording_listener.h"
#include "libs/fanout/test_fanout.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

using testing::ElementsAre;

const Channel kRoom{"acme", "room:r1"};

Message To(const Channel& channel, const std::string& payload) { return {.channel = channel, .payload = payload}; }

class ReceiverTest : public RedisSuite {
 protected:
  void Subscribe(const std::vector<Channel>& channels) {
    ASSERT_EQ(receiver_->Subscribe(channels), absl::OkStatus());
    ASSERT_EQ(recorder_.AwaitSubscribed(channels.size()).size(), channels.size());
  }
  void PublishOnly(const std::vector<Message>& messages) {
    for (const absl::Status& status : fanout_.publisher->PublishOnly(messages, Soon()))
      ASSERT_EQ(status, absl::OkStatus());
  }

  TestFanout fanout_{redis_->client_options()};
  RecordingListener recorder_;
  std::unique_ptr<Receiver> receiver_ = fanout_.Listen(recorder_);
};

TEST_F(ReceiverTest, HearsAppendedAndTransientMessagesWithTheirPlaces) {
  Subscribe({kRoom});
  Message reliable = To(kRoom, std::string("\0\xff", 2));
  reliable.sequence = 1;
  const Position position = fanout_.Append(reliable)->position;
  PublishOnly({To(kRoom, "like"), To({"acme", "room:other"}, "not for us")});
  const Position next = fanout_.Append(To(kRoom, "b"))->position;
  const auto heard = recorder_.AwaitHeard(3);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[0].kind, Kind::kAppended);
  EXPECT_EQ(heard[0].position, position);
  EXPECT_EQ(heard[0].sequence, 1);
  EXPECT_EQ(heard[0].payload, std::string("\0\xff", 2));
  EXPECT_EQ(heard[1].kind, Kind::kTransient);
  EXPECT_EQ(heard[1].position, Position());
  EXPECT_EQ(heard[1].payload, "like");
  EXPECT_EQ(heard[2].position, next);
}

TEST_F(ReceiverTest, TransientMessagesLeaveNothingInRedis) {
  std::vector<Message> batch(kMaxBatch, To(kRoom, "p"));
  batch[1].sequence = 1;
  const auto results = fanout_.publisher->PublishOnly(batch, Soon());
  EXPECT_EQ(results[0], absl::OkStatus());
  EXPECT_EQ(ReasonOf(results[1]), "FIELD_INVALID");
  EXPECT_EQ(redis_->CountKeys().value(), 0);
  EXPECT_EQ(fanout_.metrics.GetCounter(kMessages, {"acme", "published"}).Value(), kMaxBatch - 1);
}

TEST_F(ReceiverTest, ProductsDoNotHearEachOther) {
  const Channel other{"other", kRoom.name};
  Subscribe({kRoom});
  ASSERT_TRUE(fanout_.Append(To(other, "secret")).ok());
  ASSERT_TRUE(fanout_.Append(To(kRoom, "ours")).ok());
  EXPECT_EQ(recorder_.AwaitHeard(1)[0].payload, "ours");
  EXPECT_EQ(fanout_.Read({.channel = kRoom})->entries.size(), 1u);
}

TEST_F(ReceiverTest, DropsForeignBytesAndGoesOn) {
  Subscribe({kRoom});
  ASSERT_TRUE(Run({"PUBLISH", KeyOf(Key::kEvents, kRoom), "garbage"}).ok());
  ASSERT_TRUE(Run({"PUBLISH", KeyOf(Key::kEvents, kRoom), ""}).ok());
  PublishOnly({To(kRoom, "good")});
  EXPECT_EQ(recorder_.AwaitHeard(1)[0].payload, "good");
  EXPECT_EQ(fanout_.metrics.GetCounter(kMalformed).Value(), 2);
}

TEST_F(ReceiverTest, UnsubscribedChannelsAreNotHeard) {
  const Channel other{"acme", "room:other"};
  Subscribe({kRoom, other});
  receiver_->Unsubscribe({other});
  // A channel that is subscribed anew is confirmed after the server took the other one out.
  ASSERT_EQ(receiver_->Subscribe({{"acme", "room:last"}}), absl::OkStatus());
  recorder_.AwaitSubscribed(3);
  PublishOnly({To(other, "unheard"), To(kRoom, "heard")});
  EXPECT_EQ(recorder_.AwaitHeard(1)[0].payload, "heard");
}

TEST_F(ReceiverTest, RefusesWrongAndTooManyChannels) {
  EXPECT_EQ(ReasonOf(receiver_->Subscribe({kRoom, {"acme", "bad room"}})), "FIELD_INVALID");
  std::vector<Channel> channels;
  for (int i = 0; i <= 100'000; ++i) channels.push_back({"acme", absl::StrCat("room:", i)});
  EXPECT_EQ(ReasonOf(receiver_->Subscribe(channels)), "REDIS_CHANNELS_FULL");
}

TEST_F(ReceiverTest, HoldsAHundredThousandChannels) {
  std::vector<Channel> channels;
  for (int i = 0; i < 100'000; ++i) channels.push_back({"acme", absl::StrCat("room:", i)});
  Subscribe(channels);
  std::vector<Message> batch;
  for (int i = 0; i < 100'000; i += 1000) batch.push_back(To(channels[static_cast<size_t>(i)], absl::StrCat(i)));
  for (const auto& result : fanout_.publisher->Append(batch, Soon())) ASSERT_TRUE(result.ok()) << result.status();
  const auto heard = recorder_.AwaitHeard(batch.size());
  ASSERT_EQ(heard.size(), batch.size());
  for (const Heard& h : heard) EXPECT_EQ(h.channel, "room:" + h.payload);
}

// The rule of a gateway: read the history after OnSubscribed, and nothing falls between the two.
TEST_F(ReceiverTest, NothingIsMissedBetweenHistoryAndReceiver) {
  std::atomic<bool> stop{false};
  std::thread appender([&] {
    for (int i = 1; !stop; ++i) EXPECT_TRUE(fanout_.Append(To(kRoom, absl::StrCat(i))).ok());
  });
  EXPECT_TRUE(Eventually([&] { return fanout_.reader->ReadPosition(kRoom, Soon())->offset > 100; }));
  Subscribe({kRoom});
  const int64_t top = fanout_.reader->ReadPosition(kRoom, Soon())->offset;
  const auto heard = recorder_.AwaitHeard(100);
  stop = true;
  appender.join();
  ASSERT_GE(heard.size(), 100u);
  EXPECT_LE(heard[0].position.offset, top + 1);
  for (size_t i = 1; i < heard.size(); ++i) ASSERT_EQ(heard[i].position.offset, heard[i - 1].position.offset + 1);
}

// Eight publishers on four rooms, in batches and alone: each room's envelopes come in the order of their offsets.
TEST_F(ReceiverTest, ConcurrentAppendersGetDenseOffsetsThatArePublishedInOrder) {
  constexpr int kThreads = 8, kRounds = 40;
  std::vector<Channel> rooms;
  for (int i = 0; i < 4; ++i) rooms.push_back({"acme", absl::StrCat("room:", i)});
  Subscribe(rooms);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        std::vector<Message> batch;
        for (int k = 0; k < 1 + (t + i) % 5; ++k) {
          batch.push_back(To(rooms[static_cast<size_t>(t + k) % 4], absl::StrCat(t, "-", i, "-", k)));
          batch.back().history.size = kMaxHistorySize;
        }
        const auto results = fanout_.publisher->Append(batch, Soon());
        for (const auto& result : results) ASSERT_TRUE(result.ok()) << result.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t total = 0;
  for (const Channel& room : rooms) total += static_cast<size_t>(fanout_.reader->ReadPosition(room, Soon())->offset);
  ASSERT_EQ(total, static_cast<size_t>(kThreads * kRounds * 3));
  std::map<std::string, int64_t> last;
  std::map<std::string, std::vector<std::string>> payloads;
  for (const Heard& h : recorder_.AwaitHeard(total)) {
    ASSERT_EQ(h.position.offset, ++last[h.channel]);
    payloads[h.channel].push_back(h.payload);
  }
  for (const Channel& room : rooms) {
    const auto history = fanout_.Read({.channel = room, .limit = kMaxRead});
    std::vector<std::string> kept;
    for (const Entry& entry : history->entries) kept.push_back(entry.payload);
    EXPECT_EQ(kept, payloads[room.name]) << "the history and the receivers agree";
  }
}

TEST_F(ReceiverTest, TellsOfALossAndComesBack) {
  Subscribe({kRoom});
  redis_->Kill9();
  ASSERT_TRUE(Eventually([&] { return recorder_.lost() > 0; }));
  ASSERT_EQ(redis_->Restart(), absl::OkStatus());
  EXPECT_EQ(recorder_.AwaitSubscribed(2).size(), 2u);
  ASSERT_TRUE(Eventually([&] { return fanout_.Append(To(kRoom, "after")).ok(); }));
  EXPECT_EQ(recorder_.AwaitHeard(1).back().payload, "after");
}

}  // namespace
}  // namespace trivium::fanout
