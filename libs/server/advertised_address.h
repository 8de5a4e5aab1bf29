// Where others reach a process, for the registry.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace trivium::server {

// "host:port" with the host as numbers, since xDS knows no names: "payment-1:9000" becomes "10.0.0.7:9000", IPv6 stands
// in brackets. An address that is reachable from elsewhere goes before a loopback one, IPv4 before IPv6. Asks the
// resolver, and so may block for some seconds. UNAVAILABLE when the name does not resolve.
absl::StatusOr<std::string> ResolveAdvertised(const std::string& address);

}  // namespace trivium::server
