// The one table that says who may call what, and on whose behalf. A method without a row is refused (PERMISSION_DENIED
// METHOD_NOT_ALLOWED); a test goes through every service of every proto and proves that none lacks a row.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/rpc/call_context.h"

namespace trivium::rpc {

// Whose data a method touches.
enum class Scope {
  kProduct,   // One product's: the caller's own, or, from a service with may_act_for_products, x-trivium-product.
  kPlatform,  // The platform's: products may not call it.
};

// Whether a service may make the call for a person (x-trivium-actor: "person:alice"), whose name the audit then shows.
enum class Speaks {
  kNever,  // The header is ignored: the actor is the service.
  kMay,
  kMust,  // Changes that only a person may ask for: without the header INVALID_ARGUMENT ACTOR_MISSING.
};

struct MethodPolicy {
  std::string_view method;  // "trivium.payment.v1.PaymentService/CreatePayment".
  Scope scope;
  bool products;                   // Product backends may call it.
  std::string_view services;       // Services that may call it, separated by spaces: "ops push"; "*" any; "" none.
  bool operators;                  // Platform operators may call it.
  Speaks speaks = Speaks::kNever;  // Of services.
  bool open = false;               // Anybody, without a certificate: health, reflection, ADS.
};

// Every method of the platform.
std::span<const MethodPolicy> MethodPolicies();
// The row of a method, or nullptr.
const MethodPolicy* FindMethodPolicy(std::string_view method);

// Decides: fills product and actor of the call, or refuses:
//   UNAUTHENTICATED NO_CLIENT_CERTIFICATE     no verified certificate, or one without exactly one URI name of ours
//   PERMISSION_DENIED METHOD_NOT_ALLOWED      no row, or the row does not name the caller
//   INVALID_ARGUMENT PRODUCT_MISSING          a service or operator that acts for a product must say for which;
//   PRODUCT_INVALID: not a product's name PERMISSION_DENIED PRODUCT_NOT_ALLOWED     a product's backend says another
//   product INVALID_ARGUMENT ACTOR_MISSING, ACTOR_INVALID; PERMISSION_DENIED ACTOR_NOT_ALLOWED (only services speak for
//   people)
// product_header, actor_header: values of the metadata, "" when absent.
struct Admission {
  std::string product, actor;
};
absl::StatusOr<Admission> Admit(std::string_view method, const Caller& caller, std::string_view product_header,
                                std::string_view actor_header);

// The user for whom a gateway calls, "" for none. user_header: value of x-trivium-user, "" when absent. Of anybody else
// PERMISSION_DENIED USER_NOT_ALLOWED, so that a stolen product certificate is no user; INVALID_ARGUMENT USER_INVALID.
absl::StatusOr<std::string> UserOf(const Caller& caller, std::string_view user_header);

}  // namespace trivium::rpc
