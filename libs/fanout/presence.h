// Who is connected to a channel, as long as it says so. The connections of a user are those of the channel
// "user:<uid>".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/fanout/channel.h"

namespace trivium::redis {
class Client;
}

namespace trivium::fanout {

inline constexpr size_t kMaxPresenceBatch = 10'000;          // Items of one call.
inline constexpr size_t kMaxPresenceListed = 1000;           // Connections of one List.
inline constexpr int64_t kMaxPresenceConnections = 100'000;  // Of a channel: more are refused.
inline constexpr size_t kMaxConnectionIdBytes = 64;
inline constexpr size_t kMaxUserIdBytes = 128;
inline constexpr size_t kMaxInfoBytes = 4 << 10;
inline constexpr absl::Duration kMaxPresenceTtl = absl::Hours(24);

struct Connection {
  std::string id;    // 1 to kMaxConnectionIdBytes bytes; unique among all connections.
  std::string user;  // 1 to kMaxUserIdBytes bytes.
  std::string info;  // At most kMaxInfoBytes; opaque.

  friend bool operator==(const Connection&, const Connection&) = default;
};

struct PresentConnection {
  Channel channel;
  Connection connection;
  absl::Duration ttl = absl::Minutes(1);  // Of this refresh, 1 ms to kMaxPresenceTtl.
};

struct AbsentConnection {
  Channel channel;
  std::string id;
};

struct PresenceCount {
  int64_t num_connections = 0;
  int64_t num_users = 0;  // Different ones among them.
};

struct PresenceList {
  PresenceCount count;                  // Of all, also when fewer are listed.
  std::vector<Connection> connections;  // Those that stay longest without a refresh first.
};

// Thread-safe; blocks the caller. A connection that is not refreshed within its ttl is gone: a gateway that dies takes
// its connections along. Time is Redis's own, so clocks of gateways do not matter. Outcomes are those of libs/redis;
// all calls may be repeated. After a loss of Redis's data the refreshes bring everything back.
class Presence {
 public:
  virtual ~Presence() = default;
  // Adds connections, or extends and replaces the ones of the same channel and id; a status for each item, in their
  // order. RESOURCE_EXHAUSTED PRESENCE_FULL for a new one in a channel of kMaxPresenceConnections. INVALID_ARGUMENT
  // FIELD_INVALID for the wrong ones; for all when there are more than kMaxPresenceBatch.
  virtual std::vector<absl::Status> Refresh(std::span<const PresentConnection> items, absl::Time deadline) = 0;
  // Takes connections out; one that is not there is no error.
  virtual std::vector<absl::Status> Remove(std::span<const AbsentConnection> items, absl::Time deadline) = 0;
  // limit: 0 to kMaxPresenceListed.
  virtual absl::StatusOr<PresenceList> List(const Channel& channel, size_t limit, absl::Time deadline) = 0;
  absl::StatusOr<PresenceCount> Count(const Channel& channel, absl::Time deadline);
  // Counts of many channels in one pipeline; an answer for each, in their order. INVALID_ARGUMENT FIELD_INVALID for the
  // wrong ones; for all when there are more than kMaxPresenceBatch.
  virtual std::vector<absl::StatusOr<PresenceCount>> CountEach(std::span<const Channel> channels,
                                                               absl::Time deadline) = 0;
  // All users with a connection, each once, in no order: at most kMaxPresenceConnections.
  virtual absl::StatusOr<std::vector<std::string>> Users(const Channel& channel, absl::Time deadline) = 0;
};
// The client outlives it.
std::unique_ptr<Presence> NewPresence(redis::Client& client);

}  // namespace trivium::fanout
