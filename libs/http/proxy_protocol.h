// The PROXY protocol, versions 1 and 2 (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt): what a proxy in
// front says of the client before the client's first byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::http {

inline constexpr size_t kMaxProxyHeader = 4096;  // With what a proxy adds of its own (TLVs), which is skipped.

struct ProxyHeader {
  size_t size = 0;   // Its bytes.
  std::string peer;  // "203.0.113.7:50000"; "": the proxy speaks for itself (health checks), or does not know.
};

// bytes: the beginning of a connection. nullopt: more are needed. INVALID_ARGUMENT: no such header, whatever follows.
absl::StatusOr<std::optional<ProxyHeader>> ParseProxyHeader(std::string_view bytes);

}  // namespace trivium::http
