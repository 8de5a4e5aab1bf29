// Redis (7.0+, RESP2): one API for a single node and for Redis Cluster, with a bounded pool of connections per node.
//
//   TRIVIUM_ASSIGN_OR_RETURN(redis::Reply reply, client.Call({{"INCRBY", key, "5"}}, deadline));
//   TRIVIUM_ASSIGN_OR_RETURN(const int64_t sum, reply.Integer());
//
// Outcomes. UNKNOWN REDIS_OUTCOME_UNKNOWN (IsOutcomeUnknown): the answer was lost by a time-out or a broken connection,
// so the command may have been executed; or a script was cut off half-way because its slot moves (a key that it had
// just emptied, and touched again, counts as gone). Every other error: it was not executed, or the server executed it
// and answered an error. By code and reason:
// - UNAVAILABLE REDIS_UNAVAILABLE, REDIS_CLUSTER_DOWN, REDIS_SLOT_MOVING, REDIS_LOADING, REDIS_READ_ONLY,
//   REDIS_WRITES_REFUSED, REDIS_BUSY; RESOURCE_EXHAUSTED REDIS_POOL_EXHAUSTED, REDIS_OUT_OF_MEMORY: try later.
// - DEADLINE_EXCEEDED DEADLINE_EXCEEDED: no time was left to send it.
// - INVALID_ARGUMENT FIELD_INVALID, REDIS_CROSS_SLOT; FAILED_PRECONDITION REDIS_WRONG_TYPE: the caller's error.
// - INTERNAL REDIS_ACCESS_DENIED, REDIS_ERROR: what the server says, with its first word in metadata "redis_code": a
//   script's own errors come so.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/redis/command.h"
#include "libs/redis/reply.h"
#include "libs/redis/script.h"

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::redis {

inline constexpr int kSlots = 16384;  // Of a cluster.

struct ClientOptions {
  std::string name = "redis";  // Label of the pool's metrics: whose client this is. Not per node.
  std::vector<std::string>
      addresses;  // "host:port". One for a single node; for a cluster 1-100 to learn the rest from.
  bool cluster = false;
  int pool_size = 16;                                 // Connections per node, 1-1000.
  absl::Duration acquire_timeout = absl::Seconds(1);  // To get one: REDIS_POOL_EXHAUSTED.
  absl::Duration connect_timeout = absl::Seconds(1);  // With login. A name is looked up by the system, in its own time.
  absl::Duration command_timeout = absl::Seconds(2);  // From sending a command or batch to its last answer.
  int database = 0;                                   // 0-15; a cluster has only 0.
  std::string user, password;                         // Empty password: no AUTH; empty user: the default one.
};
// INVALID_ARGUMENT FIELD_INVALID that names every wrong field.
absl::Status CheckOptions(const ClientOptions& options);

using Outcome = absl::StatusOr<Reply>;

// Thread-safe; blocks the caller. Deadlines are of the clock's wall time; an earlier one than command_timeout counts.
class Client {
 public:
  virtual ~Client() = default;
  // One command. An error reply is an error status.
  virtual Outcome Call(const Command& command, absl::Time deadline) = 0;
  // A batch of at most kMaxPipeline commands in one write per node; outcomes in the order of the commands. No
  // transaction: each stands alone. Commands on one key are executed in their order, except that one which has to be
  // sent again (its slot moves, its script was unknown, its answer was lost and it is idempotent) comes later.
  virtual std::vector<Outcome> Pipeline(std::span<const Command> commands, absl::Time deadline) = 0;
  // OK when every master takes writes now: does a tiny one (key "trivium:ready:<n>", gone after 10 s). For readiness;
  // has connections of its own, so a busy pool does not fail it. Waits at most command_timeout and a connect.
  virtual absl::Status Ready() = 0;
};
absl::StatusOr<std::unique_ptr<Client>> NewClient(ClientOptions options, Clock& clock, Metrics& metrics);

// Whether a command's answer was lost: it may or may not have been executed.
bool IsOutcomeUnknown(const absl::Status& status);

// Slot of a key: CRC16 (XMODEM) of it, or of what stands between its first "{" and the next "}" when that is not empty.
// Redis Cluster specification, "Hash tags".
int KeySlot(std::string_view key);

}  // namespace trivium::redis
