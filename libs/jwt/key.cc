#include "libs/jwt/key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trivium::jwt {
namespace {

constexpr size_t kCoordinateBytes = 32;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

absl::Status Bad(absl::string_view what) {
  ERR_clear_error();  // OpenSSL keeps errors by thread; ours are told here.
  return absl::InvalidArgumentError(absl::StrCat("key: ", what));
}

std::optional<Algorithm> AlgorithmOf(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519")) return Algorithm::kEdDsa;
  char group[32];
  size_t length = 0;
  const bool named = EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1;
  if (named && std::string_view(group, length) == "prime256v1") return Algorithm::kEs256;
  return std::nullopt;
}

// RFC 7518 section 3.4 has r || s where OpenSSL wants DER. Empty on failure.
std::string DerOf(std::string_view raw) {
  Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  Owned<BIGNUM> r(BN_bin2bn(Bytes(raw), kCoordinateBytes, nullptr));
  Owned<BIGNUM> s(BN_bin2bn(Bytes(raw) + kCoordinateBytes, kCoordinateBytes, nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return "";
  (void)r.release();  // The signature's now.
  (void)s.release();
  unsigned char der[80], *end = der;
  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (size <= 0 || static_cast<size_t>(size) > sizeof(der) || i2d_ECDSA_SIG(signature.get(), &end) != size) return "";
  return std::string(reinterpret_cast<char*>(der), static_cast<size_t>(size));
}

}  // namespace

void KeyDeleter::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

std::string_view NameOf(Algorithm algorithm) { return algorithm == Algorithm::kEdDsa ? "EdDSA" : "ES256"; }

absl::StatusOr<PublicKey> PublicKey::From(KeyHandle key) {
  const auto algorithm = AlgorithmOf(key.get());
  if (!algorithm) return Bad("neither Ed25519 nor P-256, want one of them");
  Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  const bool checks = *algorithm == Algorithm::kEs256;  // Ed25519 has no check: any 32 bytes are a key.
  if (!context || (checks && EVP_PKEY_public_check(context.get()) != 1)) return Bad("not a point of the curve");
  return PublicKey(*algorithm, std::move(key));
}

absl::StatusOr<PublicKey> PublicKey::FromPem(std::string_view pem) {
  if (pem.find("PRIVATE KEY") != std::string_view::npos) return Bad("private, want the public key alone");
  Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyHandle key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!key) return Bad("not PEM of a public key, want -----BEGIN PUBLIC KEY-----");
  return From(std::move(key));
}

absl::StatusOr<PublicKey> PublicKey::FromEd25519(std::string_view x) {
  if (x.size() != kCoordinateBytes) return Bad(absl::StrCat("x: ", x.size(), " bytes, want 32"));
  KeyHandle key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(x), x.size()));
  if (!key) return Bad("x: not an Ed25519 key");
  return From(std::move(key));
}

absl::StatusOr<PublicKey> PublicKey::FromP256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return Bad("x, y: want 32 bytes each");
  std::string point = "\x04";
  point.append(x).append(y);
  char group[] = "prime256v1";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                         OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                         OSSL_PARAM_construct_end()};
  Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  const bool ok = context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                  EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params) == 1;
  KeyHandle key(made);
  if (!ok) return Bad("x, y: not a point of P-256");
  return From(std::move(key));
}

bool PublicKey::Verify(std::string_view message, std::string_view signature) const {
  if (signature.size() != kSignatureBytes) return false;
  std::string der;
  if (algorithm_ == Algorithm::kEs256) {
    der = DerOf(signature);
    if (der.empty()) return false;
    signature = der;
  }
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm_ == Algorithm::kEs256 ? EVP_sha256() : nullptr;
  const bool valid =
      context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message), message.size()) == 1;
  if (!valid) ERR_clear_error();
  return valid;
}

}  // namespace trivium::jwt
