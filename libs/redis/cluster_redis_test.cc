// The client on a real cluster of three masters: a slot that moves under it, a master that is killed.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/redis/client.h"
#include "libs/redis/subscriber.h"
#include "libs/redis/test_redis_cluster.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::redis {
namespace {

constexpr Metric kRepeats = {"trivium_redis_repeats_total", "", {"name", "reason"}};
constexpr Metric kRefreshes = {"trivium_redis_slot_refreshes_total", "", {"name", "code"}};

absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

// A key on that node at start.
std::string KeyOn(int node) {
  for (int n = 0;; ++n) {
    std::string key = absl::StrCat("key", n);
    if (TestRedisCluster::OwnerAtStart(KeySlot(key)) == node) return key;
  }
}

class ClusterTest : public testing::Test {
 protected:
  // Each test changes the cluster: each has its own.
  void Open(int replicas = 0) {
    auto cluster = TestRedisCluster::Start(replicas);
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    client_ = *NewClient(cluster_->client_options(), Clock::Real(), metrics_);
  }
  Outcome Call(std::vector<std::string> arguments) { return client_->Call({std::move(arguments)}, Soon()); }
  double Repeats(const std::string& reason) { return metrics_.GetCounter(kRepeats, {"test", reason}).Value(); }
  double Refreshes() { return metrics_.GetCounter(kRefreshes, {"test", "OK"}).Value(); }

  Metrics metrics_;
  std::unique_ptr<TestRedisCluster> cluster_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClusterTest, CommandsBatchesAndScriptsGoToTheirNodes) {
  ASSERT_NO_FATAL_FAILURE(Open());
  EXPECT_EQ(client_->Ready(), absl::OkStatus());
  std::vector<Command> commands;
  for (int i = 0; i < 300; ++i) commands.push_back({{"SET", absl::StrCat("k", i), absl::StrCat(i)}});
  for (const Outcome& outcome : client_->Pipeline(commands, Soon())) ASSERT_TRUE(outcome.ok()) << outcome.status();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(Call({"GET", absl::StrCat("k", i)})->Number().value(), i);
  for (int node = 0; node < 3; ++node) {
    EXPECT_GT(cluster_->node(node).Run({"DBSIZE"})->Integer().value(), 50) << "node " << node;
  }
  EXPECT_EQ(Repeats("moved"), 0) << "the map said it";
  EXPECT_EQ(Refreshes(), 1);

  EXPECT_TRUE(Call({"MSET", "{room}a", "1", "{room}b", "2"}).ok());
  EXPECT_EQ(ReasonOf(Call({"MSET", KeyOn(0), "1", KeyOn(1), "2"}).status()), "REDIS_CROSS_SLOT");
  const Script script("return redis.call('INCR', KEYS[1])");
  std::vector<Command> calls;
  for (int node = 0; node < 3; ++node) calls.push_back(script.Call({KeyOn(node)}));
  for (const Outcome& outcome : client_->Pipeline(calls, Soon())) EXPECT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(Repeats("no_script"), 3) << "once a node";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Call({"PING"}).ok()) << "without a key any master will do";
}

TEST_F(ClusterTest, OneKnownNodeIsEnough) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ClientOptions options = cluster_->client_options();
  options.addresses.resize(1);
  auto client = *NewClient(options, Clock::Real(), metrics_);
  for (int node = 0; node < 3; ++node) EXPECT_TRUE(client->Call({{"SET", KeyOn(node), "v"}}, Soon()).ok());
}

TEST_F(ClusterTest, ASlotMovesUnderTheClient) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const std::string tag = KeyOn(0), gone = "{" + tag + "}gone", here = "{" + tag + "}here";
  const int slot = KeySlot(tag);
  ASSERT_TRUE(Call({"MSET", gone, "1", here, "2"}).ok());
  ASSERT_EQ(cluster_->BeginMigration(slot, 0, 1), absl::OkStatus());
  ASSERT_EQ(cluster_->MoveKey(gone, 0, 1), absl::OkStatus());

  EXPECT_EQ(Call({"GET", here})->Text().value(), "2");
  EXPECT_EQ(Repeats("ask"), 0);
  EXPECT_EQ(Call({"GET", gone})->Text().value(), "1");
  EXPECT_EQ(Repeats("ask"), 1);
  const std::vector<Command> batch = {{{"INCR", gone}}, {{"INCR", here}}, {{"SET", KeyOn(2), "x"}}};
  const std::vector<Outcome> outcomes = client_->Pipeline(batch, Soon());
  EXPECT_EQ(outcomes[0]->Integer().value(), 2);
  EXPECT_EQ(outcomes[1]->Integer().value(), 3);
  EXPECT_TRUE(outcomes[2].ok());
  EXPECT_EQ(Refreshes(), 1) << "ASK leaves the map as it is";
  EXPECT_EQ(ReasonOf(Call({"MGET", gone, here}).status()), "REDIS_SLOT_MOVING") << "TRYAGAIN until it ends";
  EXPECT_GT(Repeats("try_again"), 0);

  ASSERT_EQ(cluster_->MoveKey(here, 0, 1), absl::OkStatus());
  ASSERT_EQ(cluster_->EndMigration(slot, 0, 1), absl::OkStatus());
  EXPECT_EQ(Call({"GET", here})->Text().value(), "3");
  EXPECT_EQ(Repeats("moved"), 1);
  EXPECT_EQ(Refreshes(), 2);
  EXPECT_EQ(Call({"GET", gone})->Text().value(), "2");
  EXPECT_EQ(Repeats("moved"), 1) << "the map knows it now";
}

// Redis looks for each key that a script touches: one that the script itself has just removed is not there.
TEST_F(ClusterTest, AScriptThatAMovingSlotCutsOffMayHaveDoneSomething) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const std::string tag = KeyOn(0), once = "{" + tag + "}once", twice = "{" + tag + "}twice";
  ASSERT_TRUE(Call({"MSET", once, "7", twice, "7"}).ok());
  ASSERT_EQ(cluster_->BeginMigration(KeySlot(tag), 0, 1), absl::OkStatus());
  const Script script("redis.call('DEL', KEYS[1]) return redis.call('INCR', KEYS[1])");
  Command command = script.Call({once});
  const absl::Status cut = client_->Call(command, Soon()).status();
  EXPECT_TRUE(IsOutcomeUnknown(cut)) << cut;
  command = script.Call({twice});
  command.idempotent = true;
  const Outcome repeated = client_->Call(command, Soon());
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->Integer().value(), 1) << "at the node that gets the slot";
}

TEST_F(ClusterTest, ManyCallersLearnTheMapOnce) {
  ASSERT_NO_FATAL_FAILURE(Open());
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(Call({"INCR", absl::StrCat("k", t, ":", i)}).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Refreshes(), 1);
}

TEST_F(ClusterTest, AKilledMasterIsReplacedByItsReplica) {
  ASSERT_NO_FATAL_FAILURE(Open(/*replicas=*/1));
  const std::string key = KeyOn(0);
  ASSERT_TRUE(Call({"SET", key, "kept"}).ok());
  int64_t copied = 0;
  for (const absl::Time until = Soon(); absl::Now() < until && copied == 0; std::this_thread::yield()) {
    const auto size = cluster_->node(3).Run({"DBSIZE"});
    if (size.ok()) copied = size->Integer().value_or(0);
  }
  ASSERT_EQ(copied, 1) << "the replica has it";
  cluster_->node(0).Kill9();
  // Others go on as long as the cluster has not noticed; the dead node's slots are refused, never left hanging.
  const absl::Status refused = Call({"GET", key}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_FALSE(client_->Ready().ok());
  ASSERT_EQ(cluster_->AwaitWhole(1), absl::OkStatus());
  // The nodes learn of the replica's promotion one after the other.
  absl::Status ready;
  for (const absl::Time until = Soon(); absl::Now() < until && !(ready = client_->Ready()).ok();)
    std::this_thread::yield();
  EXPECT_EQ(ready, absl::OkStatus());
  EXPECT_EQ(Call({"GET", key})->Text().value(), "kept");
  EXPECT_TRUE(Call({"SET", key, "changed"}).ok());
}

TEST_F(ClusterTest, AKilledMasterWithoutReplicaIsUnavailableUntilItIsBack) {
  ASSERT_NO_FATAL_FAILURE(Open());
  for (int node = 0; node < 3; ++node) ASSERT_TRUE(Call({"SET", KeyOn(node), "v"}).ok());
  cluster_->node(2).Kill9();
  const std::vector<Command> batch = {{{"GET", KeyOn(2)}}, {{"GET", KeyOn(2)}}};
  for (const Outcome& outcome : client_->Pipeline(batch, Soon())) {
    EXPECT_EQ(outcome.status().code(), absl::StatusCode::kUnavailable);
  }
  absl::Status down;
  for (const absl::Time until = Soon(); absl::Now() < until && ReasonOf(down) != "REDIS_CLUSTER_DOWN";) {
    down = Call({"SET", KeyOn(0), "v"}).status();
  }
  EXPECT_EQ(ReasonOf(down), "REDIS_CLUSTER_DOWN") << "a third of the slots is missing: the cluster refuses";
  ASSERT_EQ(cluster_->node(2).Restart(), absl::OkStatus());
  for (int node = 0; node < 3; ++node) ASSERT_EQ(cluster_->AwaitWhole(node), absl::OkStatus());
  for (int node = 0; node < 3; ++node) EXPECT_EQ(Call({"GET", KeyOn(node)})->Text().value(), "v");
  EXPECT_EQ(client_->Ready(), absl::OkStatus());
}

// Waits for events; tests look at what came.
class Events : public SubscriberListener {
 public:
  void OnMessage(std::string_view, std::string_view payload) override { Note(std::string(payload)); }
  void OnSubscribed(std::string_view) override { Note("subscribed"); }
  void OnLost() override { Note("lost"); }
  bool Await(const std::string& what) {
    MutexLock lock(mu_);
    for (const absl::Time until = Soon(); absl::Now() < until; changed_.WaitFor(mu_, absl::Milliseconds(100))) {
      if (noted_.erase(what) > 0) return true;
    }
    return false;
  }

 private:
  void Note(std::string what) {
    MutexLock lock(mu_);
    noted_.insert(std::move(what));
    changed_.NotifyAll();
  }
  Mutex mu_;
  CondVar changed_;
  std::set<std::string> noted_ ABSL_GUARDED_BY(mu_);
};

TEST_F(ClusterTest, OneSubscriberHearsAllNodesAndMovesOnWhenItsNodeDies) {
  ASSERT_NO_FATAL_FAILURE(Open(/*replicas=*/1));
  Events events;
  SubscriberOptions options = {.name = "test",
                               .addresses = cluster_->client_options().addresses,
                               .cluster = true,
                               .ping_interval = absl::Milliseconds(100),
                               .min_backoff = absl::Milliseconds(5)};
  auto subscriber = *NewSubscriber(options, events, Clock::Real(), metrics_);
  ASSERT_TRUE(subscriber->Subscribe({"room"}).ok());
  ASSERT_TRUE(events.Await("subscribed"));
  for (int node = 0; node < 3; ++node) {
    const std::string payload = absl::StrCat("from ", node);
    ASSERT_TRUE(cluster_->node(node).Run({"PUBLISH", "room", payload}).ok());
    EXPECT_TRUE(events.Await(payload)) << payload;
  }
  cluster_->node(0).Kill9();
  EXPECT_TRUE(events.Await("lost"));
  EXPECT_TRUE(events.Await("subscribed"));
  ASSERT_EQ(cluster_->AwaitWhole(2), absl::OkStatus());
  ASSERT_TRUE(cluster_->node(2).Run({"PUBLISH", "room", "after"}).ok());
  EXPECT_TRUE(events.Await("after"));
}

}  // namespace
}  // namespace trivium::redis
