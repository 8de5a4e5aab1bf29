#include "services/payment/psp/sandbox/server/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "absl/strings/escaping.h"

namespace trivium::payment::sandbox {
namespace {

template <typename... Parts>
std::string Lines(Parts... parts) {
  std::string text;
  ((text.append(parts), text.push_back('\n')), ...);
  return text;
}

}  // namespace

std::string Sign(std::string_view secret, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

bool SignatureMatches(std::string_view secret, std::string_view text, std::string_view signature) {
  const std::string want = Sign(secret, text);
  return signature.size() == want.size() && CRYPTO_memcmp(signature.data(), want.data(), want.size()) == 0;
}

std::string CanonicalQuery(std::vector<std::pair<std::string, std::string>> parameters) {
  std::sort(parameters.begin(), parameters.end());
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (name == "sign") continue;
    if (!text.empty()) text.push_back('&');
    text.append(name).append("=").append(value);
  }
  return text;
}

std::string RequestText(std::string_view method, std::string_view target, std::string_view timestamp,
                        std::string_view nonce, std::string_view body) {
  return Lines(method, target, timestamp, nonce, body);
}

std::string AnswerText(std::string_view timestamp, std::string_view nonce, std::string_view body) {
  return Lines(timestamp, nonce, body);
}

}  // namespace trivium::payment::sandbox
