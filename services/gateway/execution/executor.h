// Runs commands 命令字: whatever a client asks of the platform goes through here, over a socket as over HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/gateway/commands/command.h"

namespace trivium::gateway {

enum class BodyForm { kJson, kProtobuf };

// One call of a command, by somebody whose credential has been checked.
struct CommandCall {
  std::string product;  // Of the credential; without one, what the client says it is, for commands of scope NONE.
  std::string uid;      // "": not a user.
  AuthScope scope = AuthScope::kNone;  // Of the credential; kNone: none was shown.
  std::string connection_id;           // "": no connection of its own; its limit counts the peer's address then.
  std::string room_id;                 // That the connection speaks of; "": not known.
  std::string peer;                    // The client's address, without port: "203.0.113.7".

  // Which command: exactly one of the three.
  std::string name;     // "push.ack"
  uint32_t number = 0;  // Of a command.
  std::string method;   // "trivium.push.v1.PushService/Publish"; of the commands that name it the first, by name, that
                        // the credential may call.

  std::string payload;
  bool gzip = false;                       // The payload is compressed; the command's limit holds for what comes out.
  BodyForm form = BodyForm::kJson;         // Of the payload; an empty JSON payload is {}.
  BodyForm answer_form = BodyForm::kJson;  // Of the answer.
  absl::Duration timeout =
      absl::InfiniteDuration();  // The client's, if it says one; the command's own is never exceeded.
  std::string traceparent;       // As a client sent it; "" or a malformed one begins a new trace.
};

// Once, on an unspecified thread, perhaps before Execute returns; must not block. The answer in answer_form, or an
// error whose details (libs/status/error.h) are meant for the client.
using CallDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

// A command that the gateway answers itself. Called when the table, the scope and all limits have let the call through;
// the payload is as the client sent it. timeout: what is left of the call's time. Must not block.
using NativeHandler = std::function<void(CommandCall call, absl::Duration timeout, CallDone done)>;

// Thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;

  // Before the first call. The command must be in the table all the same.
  virtual void RegisterNative(std::string name, NativeHandler handler) = 0;

  // Errors of the gateway itself, others are the service's:
  //   UNIMPLEMENTED COMMAND_UNKNOWN          no such command for this product
  //   UNAUTHENTICATED CREDENTIAL_MISSING     the command wants a credential, and none was shown
  //   PERMISSION_DENIED SCOPE_DENIED         a user's token for a backend's command, or the reverse
  //   INVALID_ARGUMENT PRODUCT_MISSING       neither a credential nor a product
  //   FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED   the product's profile is not published or has no gateway part
  //   UNAVAILABLE COMMAND_DISABLED           with the user's message and RetryInfo
  //   RESOURCE_EXHAUSTED RATE_LIMITED        with the scope, QuotaFailure and RetryInfo
  //   RESOURCE_EXHAUSTED OVERLOADED          too many calls are running here: of all, or of this product
  //   RESOURCE_EXHAUSTED BODY_TOO_LARGE, INVALID_ARGUMENT BODY_INVALID   the payload
  //   FAILED_PRECONDITION DESCRIPTORS_MISSING      JSON for a command whose descriptors are not published
  //   DEADLINE_EXCEEDED DEADLINE_EXCEEDED, UNAVAILABLE SERVICE_UNAVAILABLE, INTERNAL SERVICE_FAILED, UNIMPLEMENTED
  //   METHOD_NOT_SERVED                      the service does not answer in time, at all, well, or to this method
  virtual void Execute(CommandCall call, CallDone done) = 0;
};

}  // namespace trivium::gateway
