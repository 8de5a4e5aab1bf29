#include "libs/rpc/identity.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <string>
#include <vector>

namespace trivium::rpc {
namespace {

constexpr std::string_view kTrustDomain = "spiffe://trivium/";

bool IsName(std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return alphanumeric(c) || c == '_' || c == '-'; });
}

Caller::Kind KindOf(std::string_view word) {
  if (word == "product") return Caller::Kind::kProduct;
  if (word == "service") return Caller::Kind::kService;
  if (word == "operator") return Caller::Kind::kOperator;
  return Caller::Kind::kNone;
}

}  // namespace

Caller ParseIdentity(std::string_view uri) {
  if (uri.substr(0, kTrustDomain.size()) != kTrustDomain) return {};
  uri.remove_prefix(kTrustDomain.size());
  const size_t slash = uri.find('/');
  if (slash == std::string_view::npos) return {};
  const Caller::Kind kind = KindOf(uri.substr(0, slash));
  const std::string_view name = uri.substr(slash + 1);
  if (kind == Caller::Kind::kNone || !IsName(name)) return {};
  return {kind, std::string(name)};
}

Caller IdentityOf(const grpc::AuthContext& auth) {
  // Without a client certificate there is no peer identity; the handshake has verified the one that there is.
  if (!auth.IsPeerAuthenticated()) return {};
  const std::vector<grpc::string_ref> uris = auth.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME);
  if (uris.size() != 1) return {};
  return ParseIdentity({uris[0].data(), uris[0].size()});
}

}  // namespace trivium::rpc
