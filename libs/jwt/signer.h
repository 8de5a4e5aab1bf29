// Signs tokens: what a product's backend does. For tests, tools and the school day; no service of ours has a private
// key.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/jwt/claims.h"
#include "libs/jwt/key.h"

namespace trivium::jwt {

// Immutable, so thread-safe.
class Signer {
 public:
  // pem: "PRIVATE KEY" (PKCS 8) or "EC PRIVATE KEY", not encrypted; of Ed25519 or P-256. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<Signer> FromPem(std::string_view pem, std::string key_id);
  // A new key.
  static absl::StatusOr<Signer> Generate(Algorithm algorithm, std::string key_id);

  // A compact JWS. INTERNAL when OpenSSL fails.
  absl::StatusOr<std::string> Sign(const Claims& claims) const;
  // As above over any header and payload, for tests that need bad ones.
  absl::StatusOr<std::string> SignRaw(std::string_view header, std::string_view payload) const;

  Algorithm algorithm() const { return algorithm_; }
  // "PUBLIC KEY" in PEM.
  absl::StatusOr<std::string> PublicPem() const;
  // "PRIVATE KEY" (PKCS 8) in PEM.
  absl::StatusOr<std::string> PrivatePem() const;
  // A JWK with kid, use and alg.
  absl::StatusOr<std::string> PublicJwk() const;

 private:
  Signer(Algorithm algorithm, KeyHandle key, std::string key_id)
      : algorithm_(algorithm), key_(std::move(key)), key_id_(std::move(key_id)) {}
  static absl::StatusOr<Signer> From(KeyHandle key, std::string key_id);

  Algorithm algorithm_;
  KeyHandle key_;
  std::string key_id_;
};

}  // namespace trivium::jwt
