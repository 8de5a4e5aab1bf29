// A command 命令字 as the request path reads it: checked, with defaults, resolved against the descriptors.
#pragma once

#include <google/protobuf/descriptor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/gateway/transcoding/api_schema.h"
#include "services/gateway/transcoding/route_key.h"

namespace trivium::gateway {
namespace v1 {
class Command;
}

inline constexpr std::string_view kAllProducts = "*";

enum class AuthScope { kUser, kBackend, kNone };
enum class KeySource { kNone, kUid, kRoomId, kCid, kField };

// Whose calls a limit counts. Indexes Command::limits.
enum class LimitScope { kConnection, kUser, kCommand, kProduct };
inline constexpr int kLimitScopes = 4;

struct RateLimit {
  double rate = 0;  // Calls per second; 0: no limit.
  double burst = 0;
};

// Immutable once in a table.
struct Command {
  std::string item;     // "push.ack@acme": the config item's name.
  std::string name;     // "push.ack"
  std::string product;  // Owner, or "*".
  uint32_t number = 0;  // 0: none.
  std::string method;   // "trivium.push.v1.PushService/Ack"
  KeySource key_source = KeySource::kNone;
  std::optional<RouteField> key_field;  // With KeySource::kField.
  absl::Duration timeout = absl::Seconds(5);
  AuthScope auth_scope = AuthScope::kUser;
  std::array<RateLimit, kLimitScopes> limits;
  bool idempotent = false;
  bool disabled = false;
  std::string disabled_message;  // For the user.
  absl::Duration retry_after;    // While disabled; 0: nothing is said.
  size_t max_request_bytes = 64 << 10;
  bool deprecated = false;
  std::string replaced_by, title_zh, title_en;
  // Of the request and the answer; null while no descriptors are published: then bodies pass in Protobuf only. They
  // live as long as schema.
  std::shared_ptr<const ApiSchema> schema;
  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* response = nullptr;
};

// Checks a config item again, since control may be another version than this gateway. schema: null when none is
// published. INVALID_ARGUMENT naming the first wrong field.
absl::StatusOr<Command> ToCommand(std::string_view item, const v1::Command& proto,
                                  std::shared_ptr<const ApiSchema> schema);

// OK, or UNAVAILABLE COMMAND_DISABLED with the user's message and RetryInfo.
absl::Status CheckEnabled(const Command& command);

// What a call may be routed by.
struct CallKeys {
  std::string_view uid, room_id, cid;  // "": not known.
};
// Value of the header x-trivium-route-key, "" for none. request: in Protobuf. INVALID_ARGUMENT for a key that is too
// long, and a request that is no message where a field of it is the key.
absl::StatusOr<std::string> RouteKeyOf(const Command& command, const CallKeys& keys, std::string_view request);

}  // namespace trivium::gateway
