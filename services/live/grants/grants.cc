#include "services/live/grants/grants.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/domain/roles.h"

namespace trivium::live {

using absl::StatusCode;

Grants::Grants(const Clock& clock)
    // Without files there is nothing to fail.
    : verifier_(jwt::Verifier::Create({.audience = std::string(kGrantAudience)}, clock).value()) {}

absl::StatusOr<Role> Grants::Check(const std::string& product, const std::string& room_id, const std::string& user_id,
                                   std::string_view grant) const {
  if (grant.empty()) {
    return Error(StatusCode::kPermissionDenied, "GRANT_MISSING",
                 "grant: empty, want the backend's token for this user and room");
  }
  const absl::StatusOr<jwt::Claims> claims = verifier_->VerifyFor(kGrantAudience, grant);
  if (!claims.ok()) {
    const std::string reason = ReasonOf(claims.status());
    if (reason == "TOKEN_EXPIRED") {
      return Error(StatusCode::kPermissionDenied, "GRANT_EXPIRED", "grant: its time is over, want a new one");
    }
    return Error(StatusCode::kPermissionDenied, "GRANT_INVALID",
                 absl::StrCat("grant: not good (", reason, "), want one by the product's token key with aud ",
                              std::string(kGrantAudience)))
        .With("token_reason", reason);
  }
  if (claims->product != product || claims->subject != user_id)
    return Error(StatusCode::kPermissionDenied, "GRANT_OTHER_USER",
                 "grant: sub is another user, want the caller's own");
  if (claims->room != room_id)
    return Error(StatusCode::kPermissionDenied, "GRANT_OTHER_ROOM", "grant: room is another one, want this room's");
  const std::optional<Role> role = RoleNamed(claims->role);
  if (!role) {
    return Error(StatusCode::kPermissionDenied, "GRANT_ROLE_INVALID",
                 "grant: role is none, want teacher, assistant, student or observer");
  }
  return *role;
}

}  // namespace trivium::live
