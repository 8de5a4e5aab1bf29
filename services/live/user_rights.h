// What a user's call may ask for at all.
#pragma once

#include "libs/rpc/call_context.h"
#include "libs/status/error.h"

namespace trivium::live {

// PERMISSION_DENIED USER_NOT_ALLOWED: backends only.
inline absl::Status CheckNoUser(const rpc::CallContext& call) {
  if (call.user.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "USER_NOT_ALLOWED",
               "x-trivium-user: a user may not call this, want the product's backend");
}

}  // namespace trivium::live
