// How a collaborator's error reaches the client.
#pragma once

#include "absl/status/status.h"
#include "libs/client_protocol/client_protocol.pb.h"

namespace trivium::protocol {

// Of subscribe, presence and history: NOT_FOUND is 102, PERMISSION_DENIED 103, and so on by a table. The server's own
// trouble (UNAVAILABLE, INTERNAL, ...) is 100 without its message, which is for our logs. status: an error.
Error ChannelError(const absl::Status& status);

// Of a command: what is the application's meaning gets 400 + the canonical code (INVALID_ARGUMENT 403, NOT_FOUND 405,
// ALREADY_EXISTS 406, FAILED_PRECONDITION 409, ABORTED 410, OUT_OF_RANGE 411; with a reason also DEADLINE_EXCEEDED 404,
// INTERNAL 413, UNAVAILABLE 414) and the message "REASON: message", with " (retry after 1500 ms)" behind it where the
// status has RetryInfo. ABORTED and the last three are temporary. UNIMPLEMENTED is 104, the rest as above.
Error RpcError(const absl::Status& status);

}  // namespace trivium::protocol
