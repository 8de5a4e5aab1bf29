#include "libs/rpc/method_policy.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::rpc {
namespace {

using Kind = Caller::Kind;

// For whom a service may speak: a signed-in person, or an operator who calls it with a certificate.
constexpr std::string_view kActorPrefixes[] = {"person:", "operator:"};

bool NamesService(std::string_view services, std::string_view name) {
  if (services == "*") return true;
  for (const absl::string_view word : absl::StrSplit(ToAbsl(services), ' ', absl::SkipEmpty())) {
    if (ToStd(word) == name) return true;
  }
  return false;
}

bool MayCall(const MethodPolicy& policy, const Caller& caller) {
  switch (caller.kind) {
    case Kind::kProduct:
      return policy.products;
    case Kind::kService:
      return NamesService(policy.services, caller.name);
    case Kind::kOperator:
      return policy.operators;
    case Kind::kNone:
      break;
  }
  return false;
}

bool IsProductName(std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return alphanumeric(c) || c == '_' || c == '-'; });
}

// As libs/jwt takes a token's subject.
bool IsUser(std::string_view user) {
  return user.size() <= 64 && std::all_of(user.begin(), user.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '@';
         });
}

bool IsActor(std::string_view actor) {
  const auto prefix = std::ranges::find_if(kActorPrefixes, [&](std::string_view p) { return actor.starts_with(p); });
  if (prefix == std::end(kActorPrefixes)) return false;
  actor.remove_prefix(prefix->size());
  return !actor.empty() && actor.size() <= 64 && std::all_of(actor.begin(), actor.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '@';
  });
}

// The product on whose behalf the call is made.
absl::StatusOr<std::string> ProductOf(const MethodPolicy& policy, const Caller& caller, std::string_view header) {
  if (caller.kind == Kind::kProduct) {
    // Also where the method wants none: a backend that says another product is confused, and should hear it.
    if (!header.empty() && header != caller.name) {
      return Error(absl::StatusCode::kPermissionDenied, "PRODUCT_NOT_ALLOWED",
                   absl::StrCat(ToAbsl(kProductKey), ": want ", caller.name, ", the certificate's product, or nothing"))
          .With("caller", caller.ToString());
    }
    return policy.scope == Scope::kProduct ? caller.name : "";
  }
  if (policy.scope == Scope::kPlatform) return "";
  if (header.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "PRODUCT_MISSING",
                 absl::StrCat(ToAbsl(kProductKey), ": empty, want the product on whose behalf ", caller.ToString(),
                              " calls"))
        .With("caller", caller.ToString());
  }
  if (!IsProductName(header)) {
    return Error(absl::StatusCode::kInvalidArgument, "PRODUCT_INVALID",
                 absl::StrCat(ToAbsl(kProductKey), ": want 1-64 characters of a-z 0-9 _ -, first a letter or digit"));
  }
  return std::string(header);
}

// Who stands in the audit.
absl::StatusOr<std::string> ActorOf(const MethodPolicy& policy, const Caller& caller, std::string_view header) {
  if (caller.kind != Kind::kService) {
    if (header.empty() || header == caller.ToString()) return caller.ToString();
    return Error(absl::StatusCode::kPermissionDenied, "ACTOR_NOT_ALLOWED",
                 absl::StrCat(ToAbsl(kActorKey), ": want nothing from ", caller.ToString(),
                              "; only services speak for people"))
        .With("caller", caller.ToString());
  }
  if (policy.speaks == Speaks::kNever) return caller.ToString();
  if (header.empty()) {
    if (policy.speaks == Speaks::kMay) return caller.ToString();
    return Error(absl::StatusCode::kInvalidArgument, "ACTOR_MISSING",
                 absl::StrCat(ToAbsl(kActorKey), ": empty, want the person for whom ", caller.ToString(), " calls"))
        .With("caller", caller.ToString());
  }
  if (!IsActor(header)) {
    return Error(
        absl::StatusCode::kInvalidArgument, "ACTOR_INVALID",
        absl::StrCat(ToAbsl(kActorKey), ": want person: or operator: and 1-64 characters of A-Z a-z 0-9 . _ - @"));
  }
  return std::string(header);
}

absl::Status NotAllowed(std::string_view method, const Caller& caller) {
  return Error(absl::StatusCode::kPermissionDenied, "METHOD_NOT_ALLOWED",
               absl::StrCat(caller.ToString(), " may not call ", ToAbsl(method)))
      .With("caller", caller.ToString())
      .With("method", method);
}

}  // namespace

const MethodPolicy* FindMethodPolicy(std::string_view method) {
  static const auto& by_name = *[] {
    auto* map = new absl::flat_hash_map<std::string_view, const MethodPolicy*>;
    for (const MethodPolicy& policy : MethodPolicies()) map->emplace(policy.method, &policy);
    return map;
  }();
  const auto it = by_name.find(method);
  return it == by_name.end() ? nullptr : it->second;
}

absl::StatusOr<Admission> Admit(std::string_view method, const Caller& caller, std::string_view product_header,
                                std::string_view actor_header) {
  const MethodPolicy* policy = FindMethodPolicy(method);
  if (policy == nullptr) return NotAllowed(method, caller);
  if (policy->open) return Admission{"", caller.ToString()};
  if (caller.kind == Kind::kNone) {
    return Error(absl::StatusCode::kUnauthenticated, "NO_CLIENT_CERTIFICATE",
                 "client certificate: none, want one of the platform's CA with one name spiffe://trivium/<kind>/<name>")
        .With("method", method);
  }
  if (!MayCall(*policy, caller)) return NotAllowed(method, caller);
  absl::StatusOr<std::string> product = ProductOf(*policy, caller, product_header);
  if (!product.ok()) return product.status();
  absl::StatusOr<std::string> actor = ActorOf(*policy, caller, actor_header);
  if (!actor.ok()) return actor.status();
  return Admission{*std::move(product), *std::move(actor)};
}

absl::StatusOr<std::string> UserOf(const Caller& caller, std::string_view user_header) {
  if (user_header.empty()) return std::string();
  if (caller.kind != Kind::kService || caller.name != "gateway") {
    return Error(absl::StatusCode::kPermissionDenied, "USER_NOT_ALLOWED",
                 absl::StrCat(ToAbsl(kUserKey), ": want nothing from ", caller.ToString(),
                              "; only gateways call for users"))
        .With("caller", caller.ToString());
  }
  if (!IsUser(user_header)) {
    return Error(absl::StatusCode::kInvalidArgument, "USER_INVALID",
                 absl::StrCat(ToAbsl(kUserKey), ": want 1-64 characters of A-Z a-z 0-9 . _ - @"));
  }
  return std::string(user_header);
}

}  // namespace trivium::rpc
