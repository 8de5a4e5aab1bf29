// Passwords at rest: scrypt (RFC 7914), memory-hard: 32 MiB and some 80 ms a try.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivium::ops {

inline constexpr size_t kMaxPasswordBytes = 256;

// "scrypt$15$8$1$<salt>$<key>": N = 2^15, r, p, then unpadded base64url of 16 and 32 bytes. The salt is random.
absl::StatusOr<std::string> HashPassword(std::string_view password);
// INVALID_ARGUMENT when a text is no hash of HashPassword's form, or costs more than 2^17 / 8 / 4.
absl::Status CheckPasswordHash(std::string_view hash);
// Whether it is the password; compares in constant time. false for a malformed hash.
bool VerifyPassword(std::string_view password, std::string_view hash);

}  // namespace trivium::ops
