// Connect unary calls of any command: POST /command/<name> and POST /<package.Service>/<Method>.
#pragma once

#include <atomic>
#include <string>

#include "absl/status/statusor.h"
#include "libs/http/address_set.h"
#include "libs/http/server.h"
#include "services/gateway/auth/token_checker.h"
#include "services/gateway/execution/access_log.h"
#include "services/gateway/execution/executor.h"
#include "services/gateway/profiles/profiles.h"

namespace trivium::gateway {

// Thread-safe.
class ConnectEdge {
 public:
  // All outlive it, and every answer.
  struct Parts {
    TokenChecker& tokens;
    const Profiles& profiles;
    Executor& executor;
    AccessLog& access_log;
    Clock& clock;
  };
  ConnectEdge(Parts parts, http::AddressSet trusted_proxies)
      : parts_(parts), trusted_proxies_(std::move(trusted_proxies)) {}

  // POST or OPTIONS. Errors of the edge itself, besides the executor's and the token checker's:
  //   PERMISSION_DENIED ORIGIN_DENIED      a page of an origin that the product does not allow
  //   UNAUTHENTICATED CREDENTIAL_INVALID   an Authorization other than "Bearer <token>"
  //   UNIMPLEMENTED ENCODING_UNKNOWN       a content-encoding other than gzip and identity
  //   INVALID_ARGUMENT HEADER_INVALID      connect-timeout-ms, connect-protocol-version, x-trivium-product
  void Serve(http::Request request, http::Responder respond);
  // From now on answers ask clients to close their connection.
  void Drain() { draining_.store(true); }

 private:
  struct Exchange;
  absl::StatusOr<CommandCall> ToCall(http::Request& request, std::string_view peer);
  absl::Status Identify(const http::Request& request, CommandCall* call);
  void Answer(Exchange exchange, absl::StatusOr<std::string> answer) const;
  void Refuse(Exchange exchange, std::string_view peer, const absl::Status& status) const;

  const Parts parts_;
  const http::AddressSet trusted_proxies_;
  std::atomic<bool> draining_{false};
};

}  // namespace trivium::gateway
