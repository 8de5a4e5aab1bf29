// Defaults and checks of the part of a config that all services share.
#pragma once

#include "absl/status/status.h"
#include "libs/rpc/tls.h"

namespace trivium::server {

class ServerOptions;

// Fills what is not set.
void SetDefaults(ServerOptions* options);
// INVALID_ARGUMENT with every field that is out of range, by "; ". TLS files are read.
absl::Status Validate(const ServerOptions& options);

rpc::TlsFiles TlsOf(const ServerOptions& options);

}  // namespace trivium::server
