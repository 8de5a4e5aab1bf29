#include "libs/opaque_token/opaque_token.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium {
namespace {

constexpr size_t kCheckBytes = 8, kMaxToken = 512;

std::string Check(std::string_view purpose, std::string_view position) {
  const std::string text = std::to_string(purpose.size()) + ":" + std::string(purpose) + std::string(position);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return {reinterpret_cast<const char*>(digest), kCheckBytes};
}

}  // namespace

std::string SealToken(std::string_view purpose, std::string_view position) {
  return absl::WebSafeBase64Escape(Check(purpose, position) + std::string(position));
}

std::optional<std::string> OpenToken(std::string_view purpose, std::string_view token) {
  std::string bytes;
  if (token.size() > kMaxToken || !absl::WebSafeBase64Unescape(ToAbsl(token), &bytes) || bytes.size() <= kCheckBytes) {
    return std::nullopt;
  }
  const std::string position = bytes.substr(kCheckBytes);
  // The whole text is compared: base64 has several spellings of the same bytes.
  if (SealToken(purpose, position) != token) return std::nullopt;
  return position;
}

absl::StatusOr<std::string> ReadPageToken(std::string_view purpose, std::string_view token) {
  if (token.empty()) return std::string();
  const std::optional<std::string> position = OpenToken(purpose, token);
  if (!position) return PageTokenInvalid();
  return *position;
}

absl::Status PageTokenInvalid() {
  constexpr std::string_view kWant =
      "not one of this list, want next_page_token of the answer before with the same filters";
  return Error(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID", "page_token: " + std::string(kWant))
      .Field("page_token", kWant);
}

}  // namespace trivium
