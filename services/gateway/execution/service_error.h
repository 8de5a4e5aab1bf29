// A service's error as the client may see it.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "services/gateway/commands/command.h"

namespace trivium::gateway {

// Errors with a reason (ErrorInfo) are the service's words for its callers and pass. What has none comes from gRPC or a
// library below it, and may tell addresses: it gets words of ours and a reason, DEADLINE_EXCEEDED, SERVICE_UNAVAILABLE,
// METHOD_NOT_SERVED or SERVICE_FAILED, and keeps its own only where its code speaks of the request. status: an error.
absl::Status ToClientError(const absl::Status& status, const Command& command);

}  // namespace trivium::gateway
