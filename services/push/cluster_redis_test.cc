// The service on a cluster of three masters, while a slot moves and when a master dies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/fanout/channel.h"
#include "libs/fanout/history_reader.h"
#include "libs/redis/client.h"
#include "libs/redis/test_redis_cluster.h"
#include "libs/status/error.h"
#include "services/push/push_under_test.h"

namespace trivium::push {
namespace {

using redis::TestRedisCluster;

// A base, so that it outlives the service. Node 3 is the replica of node 0.
struct OwnCluster {
  const std::unique_ptr<TestRedisCluster> cluster = TestRedisCluster::Start(/*replicas=*/1).value();
};

int SlotOf(const std::string& room) {
  return redis::KeySlot(fanout::KeyOf(fanout::Key::kMeta, {"acme", "room:" + room}));
}

// A room whose channel lives on that node.
std::string RoomOn(int node) {
  for (int n = 0;; ++n) {
    std::string room = absl::StrCat("math-", n);
    if (TestRedisCluster::OwnerAtStart(SlotOf(room)) == node) return room;
  }
}

class ClusterTest : public ::testing::Test, protected OwnCluster, protected TwoProfiles, protected PushUnderTest {
 protected:
  ClusterTest() : PushUnderTest(*cluster, *this) {}

  // As a backend does: repeats the request as long as it is told to.
  v1::Message PublishPatiently(const v1::PublishRequest& request) {
    v1::Message message;
    absl::Status status;
    EXPECT_TRUE(Eventually([&] {
      status = Publish(request, &message);
      if (status.ok()) return true;
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      EXPECT_NE(SerializeDetails(status).find("google.rpc.RetryInfo"), std::string::npos) << status;
      return HasFailure();
    })) << status;
    return message;
  }

  fanout::History HistoryOf(const std::string& room) {
    Metrics metrics;
    const auto client = redis::NewClient(cluster->client_options(), Clock::Real(), metrics).value();
    const auto history = fanout::NewHistoryReader(*client)->Read({.channel = {"acme", "room:" + room}}, Soon());
    EXPECT_TRUE(history.ok()) << history.status();
    return history.value_or(fanout::History{});
  }
  // Dense offsets up to the top, dense sequences up to `last`.
  void ExpectWhole(const fanout::History& history, int64_t last) {
    int64_t offset = history.top.offset, sequence = last;
    for (auto entry = history.entries.rbegin(); entry != history.entries.rend(); ++entry) {
      EXPECT_EQ(entry->offset, offset--);
      if (entry->sequence == 0) continue;
      EXPECT_EQ(entry->sequence, sequence--);
    }
    EXPECT_LT(sequence, last) << "no reliable message is in the history";
  }
  bool AwaitSent(const std::string& message_id) {
    return Eventually([&] { return MustGet(message_id).state() == v1::Message::SENT; });
  }
};

TEST_F(ClusterTest, NothingIsLostOrToldTwiceWhileTheSlotOfARoomMoves) {
  const std::string room = RoomOn(1);
  MustJoin(room, {"li"});
  TestGateway gateway(*cluster, "acme", {"room:" + room});
  std::atomic<bool> moving{true};
  std::vector<std::string> reliable, ordered;
  const auto publish = [&](v1::MessageClass c, std::vector<std::string>* ids) {
    for (int i = 0; (moving || i < 20) && !HasFailure(); ++i) {
      const auto message = PublishPatiently(ToRoom(absl::StrCat("request-", c, "-", i), room, c));
      ids->push_back(message.message_id());
      absl::SleepFor(absl::Milliseconds(5));
    }
  };
  std::thread a(publish, v1::RELIABLE, &reliable), b(publish, v1::ORDERED, &ordered);
  for (const auto& [from, to] : {std::pair(1, 2), {2, 1}, {1, 0}, {0, 2}, {2, 1}}) {
    EXPECT_EQ(cluster->Migrate(SlotOf(room), from, to), absl::OkStatus());
    absl::SleepFor(absl::Milliseconds(200));
  }
  moving = false;
  a.join();
  b.join();
  ASSERT_FALSE(HasFailure());
  for (const std::string& id : reliable) EXPECT_TRUE(AwaitSent(id)) << id;

  std::vector<std::string> all = reliable;
  all.insert(all.end(), ordered.begin(), ordered.end());
  gateway.AwaitPublications(all.size());
  EXPECT_THAT(gateway.IdsOf("room:" + room), testing::UnorderedElementsAreArray(all));
  std::map<std::string, int64_t> offset_in;  // By epoch.
  for (const TestGateway::Heard& heard : gateway.heard()) {
    if (!heard.what.has_publication()) continue;
    EXPECT_GT(heard.offset, offset_in[heard.epoch]) << "in order within an epoch";
    offset_in[heard.epoch] = heard.offset;
  }
  EXPECT_GT(offset_in.size(), 1u) << "the slot moved: epochs ended";
  ExpectWhole(HistoryOf(room), static_cast<int64_t>(reliable.size()));
}

TEST_F(ClusterTest, AMastersDeathIsSaidAndOverWithItsReplica) {
  const std::string room = RoomOn(0);
  MustJoin(room, {"li"});
  TestGateway gateway(*cluster, "acme", {"room:" + room});
  gateway.MustConnect("room:" + room, {"wang"});
  const v1::Message before = MustPublish(ToRoom("request-1", room, v1::RELIABLE));
  ASSERT_TRUE(AwaitSent(before.message_id()));
  cluster->node(0).Kill9();

  v1::Message chat;
  const v1::PublishRequest to_chat = ToRoom("request-2", room, v1::ORDERED);
  const absl::Status refused = Publish(to_chat, &chat);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_EQ(ReasonOf(refused), "CHANNEL_UNAVAILABLE");
  EXPECT_NE(SerializeDetails(refused).find("google.rpc.RetryInfo"), std::string::npos);
  std::vector<std::string> reliable = {before.message_id()};
  for (int i = 0; i < 3; ++i) {
    const v1::PublishRequest request = ToRoom(absl::StrCat("request-away-", i), room, v1::RELIABLE);
    reliable.push_back(PublishPatiently(request).message_id());
  }

  chat = PublishPatiently(to_chat);
  for (const std::string& id : reliable) EXPECT_TRUE(AwaitSent(id)) << id;
  const fanout::History history = HistoryOf(room);
  ExpectWhole(history, 4);
  EXPECT_EQ(history.entries.size(), 5u);
  // The gateway's subscription may have gone with the node; what it says of who is there may have been lost.
  int more = 0;
  EXPECT_TRUE(Eventually([&] {
    const v1::PublishRequest request = ToRoom(absl::StrCat("request-after-", ++more), room, v1::ORDERED);
    const std::string id = PublishPatiently(request).message_id();
    absl::SleepFor(absl::Milliseconds(50));
    const std::vector<std::string> heard = gateway.IdsOf("room:" + room);
    return std::find(heard.begin(), heard.end(), id) != heard.end();
  }));
  gateway.MustConnect("room:" + room, {"wang"});
  EXPECT_EQ(MustPublish(ToRoom("request-3", room, v1::RELIABLE)).delivery().accepted(), 2) << "li, and wang is there";
}

}  // namespace
}  // namespace trivium::push
