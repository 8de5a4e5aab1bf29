// The same over a Redis Cluster of three masters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "libs/fanout/recording_listener.h"
#include "libs/fanout/test_fanout.h"
#include "libs/redis/test_redis_cluster.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

using redis::TestRedisCluster;
using testing::ElementsAre;

Channel Room(int i) { return {"acme", absl::StrCat("room:", i)}; }
Message To(const Channel& channel, const std::string& payload, int64_t sequence = 0) {
  return {.channel = channel, .payload = payload, .sequence = sequence};
}
int OwnerOf(const Channel& channel) {
  return TestRedisCluster::OwnerAtStart(redis::KeySlot(KeyOf(Key::kMeta, channel)));
}

class ClusterTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto cluster = TestRedisCluster::Start();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = cluster->release();
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }
  void SetUp() override {
    ASSERT_NE(cluster_, nullptr);
    for (int i = 0; i < TestRedisCluster::kMasters; ++i) ASSERT_TRUE(cluster_->node(i).Run({"FLUSHALL"}).ok());
  }

  static inline TestRedisCluster* cluster_ = nullptr;
  TestFanout fanout_{cluster_->client_options()};
};

TEST_F(ClusterTest, ABatchGoesToAllMastersAndEachReceiverHearsAllOfThem) {
  constexpr int kRooms = 60;
  std::vector<Channel> rooms;
  std::vector<Message> batch;
  std::set<int> owners;
  for (int i = 0; i < kRooms; ++i) rooms.push_back(Room(i));
  for (int round = 1; round <= 3; ++round) {
    for (const Channel& room : rooms) batch.push_back(To(room, absl::StrCat(round), round));
  }
  for (const Channel& room : rooms) owners.insert(OwnerOf(room));
  ASSERT_EQ(owners.size(), 3u);
  RecordingListener recorder;
  const auto receiver = fanout_.Listen(recorder);
  ASSERT_EQ(receiver->Subscribe(rooms), absl::OkStatus());
  ASSERT_EQ(recorder.AwaitSubscribed(kRooms).size(), static_cast<size_t>(kRooms));

  for (const auto& result : fanout_.publisher->Append(batch, Soon())) {
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->position.offset, result->last_sequence);
  }
  std::map<std::string, std::string> heard;
  for (const Heard& h : recorder.AwaitHeard(batch.size())) heard[h.channel] += h.payload;
  ASSERT_EQ(heard.size(), static_cast<size_t>(kRooms));
  for (const auto& [room, payloads] : heard) EXPECT_EQ(payloads, "123") << room;

  std::vector<Query> queries;
  for (const Channel& room : rooms) queries.push_back({.channel = room});
  for (const auto& history : fanout_.reader->Read(queries, Soon())) {
    EXPECT_THAT(Texts(history), ElementsAre("1:1:1", "2:2:2", "3:3:3"));
  }
}

TEST_F(ClusterTest, IdempotencyRestoreAndPresenceStayInOneSlot) {
  for (int i = 0; i < 20; ++i) {
    Message message = To(Room(i), "a");
    message.idempotency_key = "{elsewhere}";
    EXPECT_EQ(fanout_.Append(message)->outcome, Outcome::kDone);
    EXPECT_EQ(fanout_.Append(message)->outcome, Outcome::kAlready);
    EXPECT_EQ(fanout_.Append(To(Room(i), "c", 3))->outcome, Outcome::kNeedRestore);
    const Restoration whole{.channel = Room(i), .after = 0, .through = 2, .entries = {{2, "b"}}};
    EXPECT_EQ(fanout_.publisher->Restore(whole, Soon())->outcome, Outcome::kDone);
    EXPECT_EQ(fanout_.Append(To(Room(i), "c", 3))->outcome, Outcome::kDone);
    EXPECT_THAT(Texts(fanout_.Read({.channel = Room(i)})), ElementsAre("1:0:a", "2:2:b", "3:3:c"));
  }
  std::vector<PresentConnection> items;
  for (int i = 0; i < 300; ++i) {
    items.push_back(
        {.channel = Room(i % 20), .connection = {.id = absl::StrCat("c", i), .user = absl::StrCat("u", i % 40)}});
  }
  for (const absl::Status& status : fanout_.presence->Refresh(items, Soon())) ASSERT_EQ(status, absl::OkStatus());
  for (int i = 0; i < 20; ++i) {
    const auto count = fanout_.presence->Count(Room(i), Soon());
    EXPECT_EQ(count->num_connections, 15);
    EXPECT_EQ(count->num_users, 2);
  }
}

// A slot that moves takes its keys along, but not the lineage of their data set: a new epoch, and no offset twice.
TEST_F(ClusterTest, AChannelThatMovesToAnotherNodeBeginsANewEpoch) {
  const Channel room = Room(1);
  const int from = OwnerOf(room), to = (from + 1) % TestRedisCluster::kMasters;
  const int slot = redis::KeySlot(KeyOf(Key::kMeta, room));
  const Position before = fanout_.Append(To(room, "a", 1))->position;
  ASSERT_EQ(cluster_->BeginMigration(slot, from, to), absl::OkStatus());
  ASSERT_EQ(cluster_->MoveKey(KeyOf(Key::kMeta, room), from, to), absl::OkStatus());
  EXPECT_EQ(ReasonOf(fanout_.Append(To(room, "b", 2)).status()), "REDIS_SLOT_MOVING")
      << "half of its keys are there, half here: not now";
  ASSERT_EQ(cluster_->MoveKey(KeyOf(Key::kHistory, room), from, to), absl::OkStatus());
  ASSERT_EQ(cluster_->EndMigration(slot, from, to), absl::OkStatus());
  EXPECT_EQ(fanout_.Append(To(room, "b", 2))->outcome, Outcome::kNeedRestore);
  const Restoration whole{.channel = room, .after = 0, .through = 1, .entries = {{1, "a"}}};
  const auto restored = fanout_.publisher->Restore(whole, Soon());
  EXPECT_NE(restored->position.epoch, before.epoch);
  EXPECT_EQ(fanout_.Append(To(room, "b", 2))->outcome, Outcome::kDone);
  EXPECT_THAT(Texts(fanout_.Read({.channel = room})), ElementsAre("1:1:a", "2:2:b"));
  ASSERT_EQ(cluster_->BeginMigration(slot, to, from), absl::OkStatus());
  for (const Key key : {Key::kMeta, Key::kHistory})
    ASSERT_EQ(cluster_->MoveKey(KeyOf(key, room), to, from), absl::OkStatus());
  ASSERT_EQ(cluster_->EndMigration(slot, to, from), absl::OkStatus());
}

TEST_F(ClusterTest, ConcurrentAppendersGetDenseOffsetsOnEveryMaster) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        std::vector<Message> batch;
        for (int room = 0; room < 12; ++room) batch.push_back(To(Room(room), absl::StrCat(t, "-", i)));
        for (const auto& result : fanout_.publisher->Append(batch, Soon())) ASSERT_TRUE(result.ok()) << result.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int room = 0; room < 12; ++room) {
    const auto history = fanout_.Read({.channel = Room(room)});
    ASSERT_EQ(history->entries.size(), 180u);
    for (int64_t i = 0; i < 180; ++i) ASSERT_EQ(history->entries[static_cast<size_t>(i)].offset, i + 1);
  }
}

}  // namespace
}  // namespace trivium::fanout
