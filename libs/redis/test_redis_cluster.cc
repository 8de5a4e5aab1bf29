#include "libs/redis/test_redis_cluster.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/status/status.h"
#include "libs/test_process/test_process.h"

namespace trivium::redis {
namespace {

constexpr absl::Duration kWholeWithin = absl::Seconds(60);
constexpr absl::Duration kMeetWithin = absl::Seconds(5);
constexpr absl::Duration kAnswerWithin = absl::Seconds(5);
constexpr int kKeysAtOnce = 100;

// What stands behind the name in a node's information; 0 when it does not say.
int64_t NumberIn(const std::string& info, std::string_view name) {
  const size_t at = info.find(name);
  return at == std::string::npos ? 0 : std::strtoll(info.c_str() + at + name.size(), nullptr, 10);
}

int FirstSlot(int master) { return kSlots * master / TestRedisCluster::kMasters; }

}  // namespace

absl::StatusOr<std::unique_ptr<TestRedisCluster>> TestRedisCluster::Start(int replicas) {
  std::unique_ptr<TestRedisCluster> cluster(new TestRedisCluster);
  for (int i = 0; i < kMasters + replicas; ++i) TRIVIUM_RETURN_IF_ERROR(cluster->StartNode());
  TRIVIUM_RETURN_IF_ERROR(cluster->Form(replicas));
  TRIVIUM_ASSIGN_OR_RETURN(cluster->client_, NewClient(cluster->client_options(), Clock::Real(), cluster->metrics_));
  return cluster;
}

absl::Status TestRedisCluster::StartNode() {
  bus_ports_.push_back(FreePort());
  TRIVIUM_ASSIGN_OR_RETURN(
      nodes_.emplace_back(),
      TestRedis::Start({"--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port",
                        absl::StrCat(bus_ports_.back()), "--cluster-replica-validity-factor", "0"}));
  return absl::OkStatus();
}

// What `redis-cli --cluster create` does, without its seconds of waiting.
absl::Status TestRedisCluster::Form(int replicas) {
  const auto count = static_cast<int>(nodes_.size());
  for (int i = 0; i < count; ++i) {
    TRIVIUM_RETURN_IF_ERROR(Tell(i, {"CLUSTER", "SET-CONFIG-EPOCH", absl::StrCat(i + 1)}));
    if (i >= kMasters) continue;
    TRIVIUM_RETURN_IF_ERROR(
        Tell(i, {"CLUSTER", "ADDSLOTSRANGE", absl::StrCat(FirstSlot(i)), absl::StrCat(FirstSlot(i + 1) - 1)}));
  }
  TRIVIUM_RETURN_IF_ERROR(Introduce());
  for (int i = 0; i < replicas; ++i) TRIVIUM_RETURN_IF_ERROR(AddReplica(i));
  return absl::OkStatus();
}

// A node forgets a meeting that does not succeed within its node time-out: on a busy machine it takes more than one.
absl::Status TestRedisCluster::Introduce() {
  absl::Status whole;
  for (const absl::Time until = absl::Now() + kWholeWithin; absl::Now() < until;) {
    for (size_t i = 1; i < nodes_.size(); ++i) {
      TRIVIUM_RETURN_IF_ERROR(
          Tell(0, {"CLUSTER", "MEET", "127.0.0.1", absl::StrCat(nodes_[i]->port()), absl::StrCat(bus_ports_[i])}));
    }
    whole = AwaitWholeAll(absl::Now() + kMeetWithin);
    if (whole.ok()) break;
  }
  return whole;
}

absl::Status TestRedisCluster::AddReplica(int of) {
  const int replica = kMasters + of;
  TRIVIUM_ASSIGN_OR_RETURN(const std::string id, IdOf(of));
  TRIVIUM_RETURN_IF_ERROR(Tell(replica, {"CLUSTER", "REPLICATE", id}));
  return node(replica).AwaitLinked();
}

absl::Status TestRedisCluster::AwaitWhole(int index) { return AwaitWhole(index, absl::Now() + kWholeWithin); }

absl::Status TestRedisCluster::AwaitWholeAll(absl::Time until) {
  const auto count = static_cast<int>(nodes_.size());
  for (int i = 0; i < count; ++i) TRIVIUM_RETURN_IF_ERROR(AwaitWhole(i, until));
  return absl::OkStatus();
}

absl::Status TestRedisCluster::AwaitWhole(int index, absl::Time until) {
  std::string text;
  do {
    const auto info = node(index).Run({"CLUSTER", "INFO"});
    text = info.ok() ? info->Text().value_or("") : std::string(info.status().message());
    if (text.find("cluster_state:ok") != std::string::npos &&
        text.find(absl::StrCat("cluster_size:", kMasters, "\r\n")) != std::string::npos &&
        text.find(absl::StrCat("cluster_known_nodes:", nodes_.size(), "\r\n")) != std::string::npos) {
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(20));
  } while (absl::Now() < until);
  return absl::InternalError(absl::StrCat("the cluster is not whole for node ", index, ": ", text));
}

// "slave0:ip=...,port=...,state=online,offset=42,lag=0" among the master's words.
absl::Status TestRedisCluster::AwaitCopied(int master) {
  int64_t wanted = -1, copied = 0;
  for (const absl::Time until = absl::Now() + kWholeWithin; absl::Now() < until;) {
    TRIVIUM_ASSIGN_OR_RETURN(const Reply reply, node(master).Run({"INFO", "replication"}));
    TRIVIUM_ASSIGN_OR_RETURN(const std::string info, reply.Text());
    if (wanted < 0) wanted = NumberIn(info, "master_repl_offset:");
    copied = NumberIn(info, ",offset=");
    if (copied >= wanted) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::InternalError(absl::StrCat("the replica has ", copied, " of ", wanted, " bytes"));
}

ClientOptions TestRedisCluster::client_options() const {
  ClientOptions options = {.name = "test", .cluster = true};
  for (const auto& node : nodes_) options.addresses.push_back(node->address());
  return options;
}

int TestRedisCluster::OwnerAtStart(int slot) {
  int owner = 0;
  while (owner + 1 < kMasters && slot >= FirstSlot(owner + 1)) ++owner;
  return owner;
}

absl::StatusOr<std::string> TestRedisCluster::IdOf(int index) {
  TRIVIUM_ASSIGN_OR_RETURN(const Reply reply, node(index).Run({"CLUSTER", "MYID"}));
  return reply.Text();
}

absl::Status TestRedisCluster::Tell(int index, std::vector<std::string> arguments) {
  return node(index).Run(std::move(arguments)).status();
}

absl::Status TestRedisCluster::BeginMigration(int slot, int from, int to) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string source, IdOf(from));
  TRIVIUM_ASSIGN_OR_RETURN(const std::string target, IdOf(to));
  TRIVIUM_RETURN_IF_ERROR(Tell(to, {"CLUSTER", "SETSLOT", absl::StrCat(slot), "IMPORTING", source}));
  return Tell(from, {"CLUSTER", "SETSLOT", absl::StrCat(slot), "MIGRATING", target});
}

absl::Status TestRedisCluster::MoveKey(const std::string& key, int from, int to) {
  return Tell(from, {"MIGRATE", "127.0.0.1", absl::StrCat(node(to).port()), key, "0", "5000"});
}

absl::Status TestRedisCluster::EndMigration(int slot, int from, int to) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string target, IdOf(to));
  for (const int index : {to, from}) {
    TRIVIUM_RETURN_IF_ERROR(Tell(index, {"CLUSTER", "SETSLOT", absl::StrCat(slot), "NODE", target}));
  }
  return absl::OkStatus();
}

absl::Status TestRedisCluster::Migrate(int slot, int from, int to) {
  TRIVIUM_RETURN_IF_ERROR(BeginMigration(slot, from, to));
  for (;;) {
    TRIVIUM_ASSIGN_OR_RETURN(
        const Reply keys, node(from).Run({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(slot), absl::StrCat(kKeysAtOnce)}));
    TRIVIUM_ASSIGN_OR_RETURN(const auto names, keys.Array());
    if (names.empty()) break;
    for (const Reply& name : names) {
      TRIVIUM_ASSIGN_OR_RETURN(const std::string key, name.Text());
      TRIVIUM_RETURN_IF_ERROR(MoveKey(key, from, to));
    }
  }
  return EndMigration(slot, from, to);
}

void TestRedisCluster::Kill9() {
  for (const auto& node : nodes_) node->Kill9();
}

absl::Status TestRedisCluster::Restart(Data data) {
  for (const auto& node : nodes_) TRIVIUM_RETURN_IF_ERROR(node->Restart(data));
  return AwaitWholeAll(absl::Now() + kWholeWithin);
}

void TestRedisCluster::Stop() {
  for (const auto& node : nodes_) node->Stop();
}

void TestRedisCluster::Cont() {
  for (const auto& node : nodes_) node->Cont();
}

absl::StatusOr<Reply> TestRedisCluster::Run(std::vector<std::string> arguments) const {
  return client_->Call({std::move(arguments)}, absl::Now() + kAnswerWithin);
}

absl::StatusOr<std::vector<Reply>> TestRedisCluster::RunOnAll(std::vector<std::string> arguments) const {
  std::vector<Reply> replies;
  for (int i = 0; i < kMasters; ++i) {
    TRIVIUM_ASSIGN_OR_RETURN(Reply reply, nodes_[static_cast<size_t>(i)]->Run(arguments));
    replies.push_back(std::move(reply));
  }
  return replies;
}

// A message is answered before the other nodes have it.
absl::Status TestRedisCluster::Flush() const {
  TRIVIUM_RETURN_IF_ERROR(AnyTestRedis::Flush());
  for (const absl::Time until = absl::Now() + kAnswerWithin; absl::Now() < until;) {
    TRIVIUM_ASSIGN_OR_RETURN(const bool quiet, IsBusQuiet());
    if (quiet) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(1));
  }
  return absl::InternalError("what was published does not come to all nodes");
}

absl::StatusOr<bool> TestRedisCluster::IsBusQuiet() const {
  int64_t sent = 0, received = 0;
  for (const auto& node : nodes_) {
    TRIVIUM_ASSIGN_OR_RETURN(const Reply reply, node->Run({"CLUSTER", "INFO"}));
    TRIVIUM_ASSIGN_OR_RETURN(const std::string info, reply.Text());
    sent += NumberIn(info, "cluster_stats_messages_publish_sent:");
    received += NumberIn(info, "cluster_stats_messages_publish_received:");
  }
  return sent == received;
}

}  // namespace trivium::redis
