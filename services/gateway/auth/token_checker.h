// Who holds a token. Keys are the products' own (config kind token_keys), so that their backends sign for their users.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::gateway {

struct TokenIdentity {
  std::string product;
  std::string uid;                              // Of a user; of a backend the name that it gave itself.
  absl::Time expires = absl::InfiniteFuture();  // A connection lives no longer, but for a refresh.
  absl::Time issued = absl::InfinitePast();     // InfinitePast: the token does not say.
  std::string token_id;                         // "": the token has none.
  std::vector<std::string> caps;
};

// Who holds a token of which it is not known whose it should be.
struct Bearer {
  TokenIdentity identity;
  bool is_backend = false;
};

// Thread-safe. A check costs a signature (about 100 us), or a look into a small cache of tokens that were good a moment
// ago; no I/O.
class TokenChecker {
 public:
  virtual ~TokenChecker() = default;

  // token: as it came, untrusted. UNAUTHENTICATED with a reason of libs/jwt/verifier.h (TOKEN_MISSING, TOKEN_INVALID,
  // TOKEN_KEY_UNKNOWN, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_REVOKED); FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED
  // when the product's profile is not published or has no gateway part. A backend's token is TOKEN_INVALID here.
  virtual absl::StatusOr<TokenIdentity> CheckUser(std::string_view token) = 0;
  // As above, with the audience "trivium-backend", which a token must have: a user's token is TOKEN_INVALID here.
  virtual absl::StatusOr<TokenIdentity> CheckBackend(std::string_view token) = 0;
  // Either, by what the token itself says.
  virtual absl::StatusOr<Bearer> CheckAny(std::string_view token) {
    if (auto backend = CheckBackend(token); backend.ok()) return Bearer{*std::move(backend), true};
    auto user = CheckUser(token);
    if (!user.ok()) return user.status();
    return Bearer{*std::move(user), false};
  }
};

}  // namespace trivium::gateway
