// What a handler knows about a call, after identity and policy have been checked.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "libs/telemetry/trace.h"

namespace trivium::rpc {

// Who holds the client certificate: the URI name "spiffe://trivium/<kind>/<name>".
struct Caller {
  enum class Kind { kNone, kProduct, kService, kOperator };
  Kind kind = Kind::kNone;
  std::string name;  // "acme", "ops", "dev".

  // "product:acme", "service:ops", "operator:dev", "none".
  std::string ToString() const;
};

struct CallContext {
  std::string_view method;  // "trivium.payment.v1.PaymentService/CreatePayment".
  Caller caller;
  std::string product;  // On whose behalf; empty where the method policy wants none.
  std::string user;     // User for whom a gateway calls; empty: none.
  std::string actor;    // "person:alice" when a service speaks for a person, else the caller.
  TraceContext trace;
  absl::Time deadline;  // Never infinite: the client's, or the server's default.
};

// gRPC metadata keys of ours.
inline constexpr std::string_view kProductKey =
    "x-trivium-product";  // Accepted from services that the policy allows to act for a product.
inline constexpr std::string_view kUserKey =
    "x-trivium-user";  // Accepted from gateways, which have checked the user's token.
inline constexpr std::string_view kActorKey =
    "x-trivium-actor";  // Accepted from services that the policy allows to speak for people.

}  // namespace trivium::rpc
