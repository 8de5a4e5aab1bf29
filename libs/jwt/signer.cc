#include "libs/jwt/signer.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/jwt/base64url.h"
#include "libs/status/status.h"

namespace trivium::jwt {
namespace {

using nlohmann::json;

constexpr int kCoordinateBytes = 32;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

absl::Status Failed(absl::string_view what) {
  ERR_clear_error();
  return absl::InternalError(absl::StrCat("OpenSSL: ", what, " failed"));
}

// r || s of RFC 7518 section 3.4 from OpenSSL's DER.
absl::StatusOr<std::string> RawOf(const std::string& der) {
  const unsigned char* at = reinterpret_cast<const unsigned char*>(der.data());
  Owned<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string raw(2 * kCoordinateBytes, '\0');
  unsigned char* bytes = reinterpret_cast<unsigned char*>(raw.data());
  const bool ok =
      signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kCoordinateBytes) == kCoordinateBytes &&
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kCoordinateBytes, kCoordinateBytes) == kCoordinateBytes;
  if (!ok) return Failed("reading a signature");
  return raw;
}

template <typename Write>
absl::StatusOr<std::string> PemOf(Write write) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return Failed("writing PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

absl::StatusOr<std::string> CoordinateOf(const EVP_PKEY* key, const char* name) {
  BIGNUM* made = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &made) != 1) return Failed("reading a coordinate");
  const Owned<BIGNUM> number(made);
  std::string bytes(kCoordinateBytes, '\0');
  if (BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(bytes.data()), kCoordinateBytes) < 0) {
    return Failed("writing a coordinate");
  }
  return Base64UrlEncode(bytes);
}

}  // namespace

absl::StatusOr<Signer> Signer::From(KeyHandle key, std::string key_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string pem,
                           PemOf([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); }));
  TRIVIUM_ASSIGN_OR_RETURN(const PublicKey half, PublicKey::FromPem(pem));  // Refuses kinds that are not ours.
  return Signer(half.algorithm(), std::move(key), std::move(key_id));
}

absl::StatusOr<Signer> Signer::FromPem(std::string_view pem, std::string key_id) {
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char no_password[] = "";  // Never ask on the terminal.
  KeyHandle key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password) : nullptr);
  ERR_clear_error();
  if (!key) return absl::InvalidArgumentError("key: not PEM of a private key, want -----BEGIN PRIVATE KEY-----");
  return From(std::move(key), std::move(key_id));
}

absl::StatusOr<Signer> Signer::Generate(Algorithm algorithm, std::string key_id) {
  KeyHandle key(algorithm == Algorithm::kEdDsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519") : EVP_EC_gen("P-256"));
  if (!key) return Failed("making a key");
  return From(std::move(key), std::move(key_id));
}

absl::StatusOr<std::string> Signer::Sign(const Claims& claims) const {
  json header = {{"alg", NameOf(algorithm_)}, {"typ", "JWT"}};
  if (!key_id_.empty()) header["kid"] = key_id_;
  return SignRaw(header.dump(), FormatClaims(claims));
}

absl::StatusOr<std::string> Signer::SignRaw(std::string_view header, std::string_view payload) const {
  const std::string input = Base64UrlEncode(header) + "." + Base64UrlEncode(payload);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm_ == Algorithm::kEs256 ? EVP_sha256() : nullptr;
  std::string signature(128, '\0');
  size_t size = signature.size();
  const bool ok = context && EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
                  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                 reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
  if (!ok) return Failed("signing");
  signature.resize(size);
  if (algorithm_ == Algorithm::kEs256) {
    TRIVIUM_ASSIGN_OR_RETURN(signature, RawOf(signature));
  }
  return input + "." + Base64UrlEncode(signature);
}

absl::StatusOr<std::string> Signer::PublicPem() const {
  return PemOf([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
}

absl::StatusOr<std::string> Signer::PrivatePem() const {
  return PemOf(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

absl::StatusOr<std::string> Signer::PublicJwk() const {
  json jwk = {{"kid", key_id_}, {"use", "sig"}, {"alg", NameOf(algorithm_)}};
  if (algorithm_ == Algorithm::kEdDsa) {
    std::string x(kCoordinateBytes, '\0');
    size_t size = x.size();
    if (EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(x.data()), &size) != 1) {
      return Failed("reading the public key");
    }
    jwk.update({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", Base64UrlEncode(x)}});
  } else {
    TRIVIUM_ASSIGN_OR_RETURN(const std::string x, CoordinateOf(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X));
    TRIVIUM_ASSIGN_OR_RETURN(const std::string y, CoordinateOf(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y));
    jwk.update({{"kty", "EC"}, {"crv", "P-256"}, {"x", x}, {"y", y}});
  }
  return jwk.dump();
}

}  // namespace trivium::jwt
