// Who calls: from the verified client certificate's URI name, never from what the call says.
#pragma once

#include <string_view>

#include "libs/rpc/call_context.h"

namespace grpc {
class AuthContext;
}

namespace trivium::rpc {

// The caller that a URI name stands for: "spiffe://trivium/product/acme" -> {kProduct, "acme"}. Anything else - another
// scheme or trust domain, an unknown kind, a name that is not 1-64 characters of a-z 0-9 _ - (first a letter or digit)
// - is kNone.
Caller ParseIdentity(std::string_view uri);

// The caller of a call. kNone without TLS, without a client certificate, or when it carries not exactly one URI name:
// two names would be two callers.
Caller IdentityOf(const grpc::AuthContext& auth);

}  // namespace trivium::rpc
