// base64url without padding (RFC 4648 section 5, RFC 7515 section 2), strict: each byte string has one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trivium::jwt {

std::string Base64UrlEncode(std::string_view bytes);
// Nothing for padding, white space, the alphabet of plain base64, a length that no bytes have, or leftover bits that
// are set.
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace trivium::jwt
