#include "services/payment/psp/sandbox/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace trivium::payment::sandbox {

std::string Sign(const std::string& secret, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(digest), size));
}

bool Verify(const std::string& secret, const std::string& text, const std::string& signature) {
  const std::string right = Sign(secret, text);
  return right.size() == signature.size() && CRYPTO_memcmp(right.data(), signature.data(), right.size()) == 0;
}

std::string RequestText(const std::string& method, const std::string& target, const std::string& timestamp,
                        const std::string& nonce, const std::string& body) {
  return absl::StrCat(method, "\n", target, "\n", timestamp, "\n", nonce, "\n", body, "\n");
}

std::string MessageText(const std::string& timestamp, const std::string& nonce, const std::string& body) {
  return absl::StrCat(timestamp, "\n", nonce, "\n", body, "\n");
}

}  // namespace trivium::payment::sandbox
