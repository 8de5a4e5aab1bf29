// A private Redis Cluster for tests: three masters, and replicas when they are asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/redis/any_test_redis.h"
#include "libs/redis/client.h"
#include "libs/redis/test_redis.h"
#include "libs/telemetry/metrics.h"

namespace trivium::redis {

// As TestRedis: not thread-safe, from a thread that outlives it.
class TestRedisCluster : public AnyTestRedis {
 public:
  static constexpr int kMasters = 3;

  // Takes some 3 s. replicas: of the first masters, one each; 0-3. A master that is dead for two seconds is replaced by
  // its replica; without one the whole cluster refuses commands (as Redis' defaults have it).
  static absl::StatusOr<std::unique_ptr<TestRedisCluster>> Start(int replicas = 0);

  ClientOptions client_options() const override;  // Of all nodes.
  // Nodes 0-2 are masters of a third of the slots each, in order; 3 and up replicas of node 0, 1, ...
  TestRedis& node(int index) { return *nodes_[static_cast<size_t>(index)]; }
  static int OwnerAtStart(int slot);  // Index of the node.

  // A migration in its steps: between the first and the last the source answers ASK for keys that have moved.
  absl::Status BeginMigration(int slot, int from, int to);
  absl::Status MoveKey(const std::string& key, int from, int to);
  absl::Status EndMigration(int slot, int from, int to);
  // All steps, also of keys that appear while it goes on.
  absl::Status Migrate(int slot, int from, int to);

  // Until the node says that the cluster is whole: it knows all nodes, and three masters have all slots.
  absl::Status AwaitWhole(int node);
  // Until the master's replica has all that it was told by now.
  absl::Status AwaitCopied(int master);

  // All nodes.
  void Kill9() override;
  absl::Status Restart(Data data = Data::kKept) override;
  void Stop() override;
  void Cont() override;
  absl::StatusOr<Reply> Run(std::vector<std::string> arguments) const override;
  absl::StatusOr<std::vector<Reply>> RunOnAll(std::vector<std::string> arguments) const override;
  absl::Status Flush() const override;

 private:
  TestRedisCluster() = default;
  absl::Status StartNode();
  absl::Status Form(int replicas);
  absl::Status Introduce();
  absl::Status AwaitWhole(int index, absl::Time until);
  absl::Status AwaitWholeAll(absl::Time until);
  absl::Status AddReplica(int of);
  absl::StatusOr<std::string> IdOf(int index);
  // Whether all that was published has come to all nodes.
  absl::StatusOr<bool> IsBusQuiet() const;
  // Runs it on a node for its effect.
  absl::Status Tell(int index, std::vector<std::string> arguments);

  std::vector<std::unique_ptr<TestRedis>> nodes_;
  std::vector<int> bus_ports_;
  Metrics metrics_;
  std::unique_ptr<Client> client_;  // Knows where keys live now.
};

}  // namespace trivium::redis
