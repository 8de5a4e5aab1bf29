// Redis that crashes and comes back with less than it had: an offset is never given out twice under one epoch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "libs/fanout/test_fanout.h"
#include "libs/redis/test_redis.h"
#include "libs/sync/mutex.h"

namespace trivium::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Channel kRoom{"acme", "room:r1"};

Message Plain(const std::string& payload, int64_t sequence = 0) {
  return {.channel = kRoom, .payload = payload, .sequence = sequence};
}

std::unique_ptr<redis::TestRedis> StartRedis(std::vector<std::string> extra) {
  auto redis = redis::TestRedis::Start(std::move(extra));
  EXPECT_TRUE(redis.ok()) << redis.status();
  return redis.ok() ? *std::move(redis) : nullptr;
}

// The first answer that is not "try later": after a restart the first calls may find the old connections.
absl::StatusOr<Result> AppendWhenUp(TestFanout& fanout, const Message& message) {
  absl::StatusOr<Result> result = absl::UnavailableError("not tried");
  Eventually([&] { return (result = fanout.Append(message)).ok(); });
  return result;
}

// A snapshot and no log stands for "appendfsync everysec lost the last second": what came after it is gone.
TEST(LineageTest, WritesThatACrashLostDoNotReuseTheirOffsetsUnderTheEpoch) {
  const auto redis = StartRedis({"--appendonly", "no"});
  ASSERT_NE(redis, nullptr);
  TestFanout fanout(redis->client_options());
  for (const char* payload : {"a", "b"}) ASSERT_TRUE(fanout.Append(Plain(payload)).ok());
  ASSERT_TRUE(redis->Run({"SAVE"}).ok());
  const Position lost = fanout.Append(Plain("lost"))->position;
  ASSERT_EQ(lost.offset, 3);
  redis->Kill9();
  ASSERT_EQ(redis->Restart(), absl::OkStatus());
  ASSERT_EQ(redis->Run({"HGET", KeyOf(Key::kMeta, kRoom), "offset"})->Text().value(), "2")
      << "the test is worth nothing unless the old state came back";

  absl::StatusOr<History> stale = absl::UnavailableError("not tried");
  ASSERT_TRUE(Eventually([&] { return (stale = fanout.Read({.channel = kRoom})).ok(); }));
  EXPECT_EQ(stale->top, Position()) << "a reader must not take offset 2 for the top";
  EXPECT_THAT(stale->entries, IsEmpty());
  const auto next = AppendWhenUp(fanout, Plain("c"));
  EXPECT_EQ(next->position.offset, 1);
  EXPECT_NE(next->position.epoch, lost.epoch);
  EXPECT_THAT(Texts(fanout.Read({.channel = kRoom})), ElementsAre("1:0:c"));
  EXPECT_EQ(redis->Run({"HGETALL", KeyOf(Key::kMeta, kRoom)})->Array()->size(), 8u) << "nothing of the old meta stays";
}

TEST(LineageTest, SequencedMessagesAreRestoredAfterACrashAlsoWhenNothingWasLost) {
  const auto redis = StartRedis({});
  ASSERT_NE(redis, nullptr);
  TestFanout fanout(redis->client_options());
  ASSERT_TRUE(fanout.Append(Plain("a", 1)).ok());
  ASSERT_TRUE(fanout.Append(Plain("b", 2)).ok());
  redis->Kill9();
  ASSERT_EQ(redis->Restart(), absl::OkStatus());
  const auto need = AppendWhenUp(fanout, Plain("c", 3));
  EXPECT_EQ(need->outcome, Outcome::kNeedRestore);
  EXPECT_EQ(need->last_sequence, 0);
  EXPECT_EQ(redis->Run({"HGET", KeyOf(Key::kMeta, kRoom), "sequence"})->Text().value(), "2") << "nothing has changed";
  const Restoration whole{.channel = kRoom, .after = 0, .through = 2, .entries = {{1, "a"}, {2, "b"}}};
  EXPECT_EQ(fanout.publisher->Restore(whole, Soon())->outcome, Outcome::kDone);
  EXPECT_EQ(fanout.Append(Plain("c", 3))->outcome, Outcome::kDone);
  EXPECT_THAT(Texts(fanout.Read({.channel = kRoom})), ElementsAre("1:1:a", "2:2:b", "3:3:c"));
}

TEST(LineageTest, WipedRedisNeedsRestoring) {
  const auto redis = StartRedis({});
  ASSERT_NE(redis, nullptr);
  TestFanout fanout(redis->client_options());
  const Position before = fanout.Append(Plain("a", 1))->position;
  ASSERT_EQ(redis->Restart(redis::TestRedis::Data::kWiped), absl::OkStatus());
  EXPECT_EQ(AppendWhenUp(fanout, Plain("b", 2))->outcome, Outcome::kNeedRestore);
  EXPECT_NE(AppendWhenUp(fanout, Plain("x"))->position.epoch, before.epoch);
}

TEST(LineageTest, AReplicaThatTakesOverBeginsANewEpochAndServesReadsOfTheOldOneBefore) {
  const auto master = StartRedis({}), replica = StartRedis({});
  ASSERT_TRUE(master && replica);
  ASSERT_EQ(replica->ReplicateFrom(*master), absl::OkStatus());
  TestFanout of_master(master->client_options()), of_replica(replica->client_options());
  const Position before = of_master.Append(Plain("a", 1))->position;
  ASSERT_TRUE(
      Eventually([&] { return of_replica.reader->ReadPosition(kRoom, Soon()).value_or(Position()) == before; }));
  EXPECT_THAT(Texts(of_replica.Read({.channel = kRoom})), ElementsAre("1:1:a"));
  EXPECT_FALSE(of_replica.Append(Plain("b", 2)).ok()) << "it is read-only";
  master->Kill9();
  ASSERT_EQ(replica->BecomeMaster(), absl::OkStatus());
  EXPECT_EQ(AppendWhenUp(of_replica, Plain("b", 2))->outcome, Outcome::kNeedRestore);
  const Position after = AppendWhenUp(of_replica, Plain("x"))->position;
  EXPECT_EQ(after.offset, 1);
  EXPECT_NE(after.epoch, before.epoch);
}

// What a place was given to, of all threads; a place is given once.
class Places {
 public:
  void Give(const Channel& channel, const Position& position, const std::string& payload) {
    MutexLock lock(mu_);
    const auto [it, first] = given_.try_emplace({channel.name, position.epoch, position.offset}, payload);
    EXPECT_TRUE(first) << channel.name << " " << position.epoch << " " << position.offset << ": " << it->second << ", "
                       << payload;
  }
  std::string At(const Channel& channel, const Position& position) {
    MutexLock lock(mu_);
    const auto it = given_.find({channel.name, position.epoch, position.offset});
    return it == given_.end() ? "" : it->second;
  }
  size_t size() {
    MutexLock lock(mu_);
    return given_.size();
  }

 private:
  Mutex mu_;
  std::map<std::tuple<std::string, std::string, int64_t>, std::string> given_ ABSL_GUARDED_BY(mu_);
};

// Appends under idempotency keys until told to stop, and again when the outcome is not known.
void AppendAll(TestFanout& fanout, const Channel& channel, int thread, std::atomic<bool>* stop, Places* places) {
  for (int i = 0; !*stop; ++i) {
    Message message{.channel = channel, .payload = absl::StrCat(thread, "-", i), .history = {.size = kMaxHistorySize}};
    message.idempotency_key = message.payload;
    absl::StatusOr<Result> result = absl::UnavailableError("not tried");
    while (!*stop && !(result = fanout.Append(message)).ok()) absl::SleepFor(absl::Milliseconds(1));
    if (result.ok()) places->Give(channel, result->position, message.payload);
  }
}

TEST(LineageTest, NoPlaceIsGivenTwiceWhileRedisIsKilledUnderAppenders) {
  const auto redis = StartRedis({"--appendfsync", "everysec"});
  ASSERT_NE(redis, nullptr);
  TestFanout fanout(redis->client_options());
  const Channel rooms[] = {{"acme", "room:r1"}, {"acme", "room:r2"}};
  Places places;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] { AppendAll(fanout, rooms[t % 2], t, &stop, &places); });
  }
  for (int kill = 0; kill < 3; ++kill) {
    const size_t before = places.size();
    EXPECT_TRUE(Eventually([&] { return places.size() > before + 200; }));
    redis->Kill9();
    EXPECT_EQ(redis->Restart(), absl::OkStatus());
  }
  const size_t before = places.size();
  EXPECT_TRUE(Eventually([&] { return places.size() > before + 200; }));
  stop = true;
  for (std::thread& thread : threads) thread.join();

  for (const Channel& room : rooms) {
    const auto history = fanout.Read({.channel = room, .limit = kMaxRead});
    ASSERT_TRUE(history.ok()) << history.status();
    ASSERT_FALSE(history->entries.empty());
    int64_t offset = 0;
    for (const Entry& entry : history->entries) {
      ASSERT_EQ(entry.offset, ++offset) << "the history of the last epoch begins at 1 and has no hole";
      const std::string given = places.At(room, {history->top.epoch, entry.offset});
      EXPECT_TRUE(given.empty() || given == entry.payload) << given << ", " << entry.payload;
    }
  }
}

}  // namespace
}  // namespace trivium::fanout
