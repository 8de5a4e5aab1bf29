#include "services/control/page_token.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::control {
namespace {

constexpr size_t kCheckBytes = 8, kMaxToken = 512;

// Finds accidents and tokens of another list. A forged token could only name a position that its caller may read
// anyhow.
std::string Check(std::string_view list, std::string_view position) {
  const std::string text = std::to_string(list.size()) + ":" + std::string(list) + std::string(position);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return {reinterpret_cast<const char*>(digest), kCheckBytes};
}

}  // namespace

std::string MakePageToken(std::string_view list, std::string_view position) {
  return absl::WebSafeBase64Escape(Check(list, position) + std::string(position));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view list, std::string_view token) {
  if (token.empty()) return std::string();
  std::string bytes;
  if (token.size() <= kMaxToken && absl::WebSafeBase64Unescape(ToAbsl(token), &bytes) && bytes.size() > kCheckBytes) {
    std::string position = bytes.substr(kCheckBytes);
    if (Check(list, position) == std::string_view(bytes).substr(0, kCheckBytes)) return position;
  }
  return FieldsError({{"page_token", "unknown, want next_page_token of the answer before with the same filters"}});
}

}  // namespace trivium::control
