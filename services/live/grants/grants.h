// Grants: a product's backend permits one user to join one room in one role, by a JWT of its token key.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/clock/clock.h"
#include "libs/jwt/verifier.h"
#include "services/live/admission/place.h"

namespace trivium::live {

inline constexpr std::string_view kGrantAudience = "trivium-live";
inline constexpr size_t kMaxGrantBytes = 4096;

// Thread-safe.
class Grants {
 public:
  // Keys come by verifier().SetKeys (libs/token_keys); until then no grant is good. clock outlives it.
  explicit Grants(const Clock& clock);

  // The role that a grant gives a user of a product in a room. PERMISSION_DENIED GRANT_MISSING, GRANT_EXPIRED,
  // GRANT_INVALID (metadata token_reason), GRANT_OTHER_USER (also of another product's user), GRANT_OTHER_ROOM,
  // GRANT_ROLE_INVALID. Of a grant that is not the caller's, nothing is told but that.
  absl::StatusOr<Role> Check(const std::string& product, const std::string& room_id, const std::string& user_id,
                             std::string_view grant) const;
  jwt::Verifier& verifier() { return *verifier_; }

 private:
  const std::unique_ptr<jwt::Verifier> verifier_;
};

}  // namespace trivium::live
