// The clients that are connected to this gateway: from the upgraded socket to its close. Sockets, sessions,
// subscriptions, acknowledgements, presence and their ends meet here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/client_protocol/protocol.h"
#include "services/gateway/clients/options.h"
#include "services/gateway/connection/unique_fd.h"

namespace grpc {
class Channel;
}

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::gateway {

class Executor;
class Profiles;
class TokenChecker;

// A socket after its WebSocket handshake.
struct UpgradedSocket {
  UniqueFd fd;              // Connected, non-blocking.
  std::string early_bytes;  // Read behind the handshake already.
  std::string peer;         // The client's address, without port.
  std::string origin;       // Of the handshake; "": none was sent.
  std::string subprotocol;  // As it was answered; "": none.
  protocol::Form form = protocol::Form::kJson;
};

// The end of a connection, for the access log.
struct ConnectionEnd {
  std::string_view product;  // "": it never showed a good token.
  uint16_t code = 0;
  std::string_view reason;
  bool by_client = false;
  absl::Duration lasted;  // Since it connected; 0: never.
  uint64_t received_bytes = 0, sent_bytes = 0;
};

// What the clients' part works with. Not owned; all outlive it.
struct ClientsParts {
  TokenChecker& tokens;
  const Profiles& profiles;
  Executor& executor;  // Gets the native command "push.ack".
  // Where a product's push is (rpc::ServiceChannel). Thread-safe; asked once for each product.
  std::function<std::shared_ptr<grpc::Channel>(const std::string& product)> push_channel;
  Clock& clock;
  Metrics& metrics;
  std::function<void(const ConnectionEnd&)> ended;  // May be null. On a thread of many clients: must not block.
};

// Thread-safe.
class Clients {
 public:
  // Stops, without grace.
  virtual ~Clients() = default;

  // Takes a connection over. The socket is closed in any case of error, where the client is told why if it can be:
  // RESOURCE_EXHAUSTED CONNECTION_LIMIT (3504) or SUBMISSION_QUEUE_FULL; UNAVAILABLE SERVER_DRAINING (3001).
  virtual absl::Status Adopt(UpgradedSocket socket) = 0;
  // OK, or UNAVAILABLE GATEWAY_NOT_READY naming what is away: Redis takes no writes, its messages do not come, or this
  // drains. Does no I/O: a probe asks every options.probe_interval.
  virtual absl::Status Ready() const = 0;
  // Moves the clients away: no new ones, and each is closed with 3001, upon which it connects again, elsewhere. At most
  // per_second of them, in random order, or faster when the deadline is nearer. Returns when all are gone or `deadline`
  // has passed. Idempotent.
  virtual void Drain(double per_second, absl::Duration deadline) = 0;
  // Connections that are open.
  virtual int connections() const = 0;
  // Closes what is left with 3001 and ends all threads; what waits for push (acknowledgements, counts) is tried once
  // more, for at most options.stop_grace. Idempotent; nothing else may be called after it.
  virtual void Stop() = 0;
};

// Starts the reactors and whatever else it has. INVALID_ARGUMENT FIELD_INVALID for wrong options; Redis and push may be
// away, Ready says so.
absl::StatusOr<std::unique_ptr<Clients>> StartClients(ClientsOptions options, const ClientsParts& parts);

}  // namespace trivium::gateway
