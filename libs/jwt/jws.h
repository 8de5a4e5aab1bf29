// Compact JWS (RFC 7515 section 7.1), taken apart and not yet believed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::jwt {

inline constexpr size_t kMaxTokenBytes = 8 << 10;
inline constexpr size_t kMaxKeyIdBytes = 128;

struct Jws {
  std::string algorithm;           // Header "alg".
  std::string key_id;              // Header "kid"; "" when absent.
  std::string_view signing_input;  // Part of the token.
  std::string payload;             // Decoded.
  std::string signature;           // Decoded.
};

// UNAUTHENTICATED TOKEN_INVALID for a token above kMaxTokenBytes, not of three parts of base64url, with a header that
// is no object of strings, has "crit" or another typ than JWT; never says what stands in the token. token must outlive
// the result.
absl::StatusOr<Jws> ParseJws(std::string_view token);

// A JSON object without repeated names, or a discarded value. For headers, claims and key sets.
nlohmann::json ParseJsonObject(std::string_view text);

// UNAUTHENTICATED with a reason, TOKEN_INVALID or another; message "token: <what>".
absl::Status Refused(std::string_view what, std::string_view reason = "TOKEN_INVALID");

}  // namespace trivium::jwt
