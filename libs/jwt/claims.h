// What a token says of its bearer (RFC 7519).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::jwt {

inline constexpr size_t kMaxSubjectBytes = 64, kMaxProductBytes = 64, kMaxTokenIdBytes = 128, kMaxRoleBytes = 32;
inline constexpr size_t kMaxCaps = 64, kMaxCapBytes = 64, kMaxAudiences = 16;

struct Claims {
  std::string subject;                           // "sub", required, 1-64 characters of A-Z a-z 0-9 . _ - @: the uid.
  std::string product;                           // "product", required, 1-64 characters of a-z 0-9 _ -
  absl::Time expires = absl::InfinitePast();     // "exp", required.
  absl::Time not_before = absl::InfinitePast();  // "nbf".
  absl::Time issued = absl::InfinitePast();      // "iat".
  std::string token_id;                          // "jti", "" when absent; at most 128 bytes.
  std::vector<std::string> audience;             // "aud", a string or an array of strings.
  std::vector<std::string> caps;                 // "caps", an array of strings: what the bearer may do besides.
  // Of a live room's grant. "" also when they are of another form: tokens of other audiences may have their own.
  std::string room;  // "room", as sub.
  std::string role;  // "role", 1-32 characters of A-Z a-z 0-9 _ -
};

// From the payload of a token. UNAUTHENTICATED TOKEN_INVALID naming the claim. Checks form alone: no time, no audience.
absl::StatusOr<Claims> ParseClaims(std::string_view payload);
// The payload of a token with these claims.
std::string FormatClaims(const Claims& claims);

}  // namespace trivium::jwt
