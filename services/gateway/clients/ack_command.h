// The native command push.ack: what clients say of the RELIABLE messages that they have.
//   {"channel": "room:1", "epoch": "e", "offset": 12}   all of this channel that came over this connection, up to here
//   {"message_ids": ["msg_..."]}                        exactly these
// or both in one. The answer is {"acked": n}: so many ids push has taken.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/id/id_value.h"
#include "services/gateway/execution/executor.h"

namespace trivium::gateway {

class PushLinks;

inline constexpr std::string_view kAckCommand = "push.ack";
inline constexpr size_t kMaxAckIds = 1000;

struct AckRequest {
  std::string channel, epoch;  // channel "": none. epoch "": the one that the connection has joined.
  uint64_t offset = 0;
  std::vector<Id> message_ids;
};
// INVALID_ARGUMENT BODY_INVALID naming the field. Unknown members are skipped.
absl::StatusOr<AckRequest> ParseAck(std::string_view json);
// A request that names ids alone.
std::string FormatAck(const std::vector<Id>& message_ids);

// The command for those who name ids: over HTTP, and over a socket after its connection has translated positions.
NativeHandler AckHandler(std::shared_ptr<PushLinks> links);

}  // namespace trivium::gateway
