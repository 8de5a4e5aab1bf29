#include "services/live/tokens/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "libs/text/view.h"

namespace trivium::live {
namespace {

std::string Digest(const EVP_MD* kind, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, kind, nullptr);
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

std::string Sha256(std::string_view text) { return Digest(EVP_sha256(), text); }
std::string Md5Hex(std::string_view text) { return HexOf(Digest(EVP_md5(), text)); }
std::string HexOf(std::string_view bytes) { return absl::BytesToHexString(ToAbsl(bytes)); }

}  // namespace trivium::live
