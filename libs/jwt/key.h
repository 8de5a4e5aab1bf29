// Keys of the two algorithms that are accepted: EdDSA with Ed25519 (RFC 8037) and ES256, ECDSA on P-256 with SHA-256
// (RFC 7518 section 3.4). A key knows its algorithm; a token's header can't choose another.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::jwt {

enum class Algorithm { kEdDsa, kEs256 };
// "EdDSA", "ES256".
std::string_view NameOf(Algorithm algorithm);

inline constexpr size_t kSignatureBytes = 64;  // Of both: R || S, and r || s.

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const;
};
using KeyHandle = std::unique_ptr<EVP_PKEY, KeyDeleter>;

// Immutable, so thread-safe.
class PublicKey {
 public:
  // PEM "PUBLIC KEY" (SubjectPublicKeyInfo). INVALID_ARGUMENT for a private key, another kind of key, or a point that
  // is not on the curve.
  static absl::StatusOr<PublicKey> FromPem(std::string_view pem);
  // x: 32 bytes. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<PublicKey> FromEd25519(std::string_view x);
  // x, y: 32 bytes each, big-endian. INVALID_ARGUMENT otherwise, or when the point is not on the curve.
  static absl::StatusOr<PublicKey> FromP256(std::string_view x, std::string_view y);

  Algorithm algorithm() const { return algorithm_; }
  // signature: as in a JWS, kSignatureBytes.
  bool Verify(std::string_view message, std::string_view signature) const;

 private:
  PublicKey(Algorithm algorithm, KeyHandle key) : algorithm_(algorithm), key_(std::move(key)) {}
  static absl::StatusOr<PublicKey> From(KeyHandle key);

  Algorithm algorithm_;
  KeyHandle key_;
};

}  // namespace trivium::jwt
