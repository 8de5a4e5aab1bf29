// The hashes that media tokens are made of.
#pragma once

#include <string>
#include <string_view>

namespace trivium::live {

std::string HmacSha256(std::string_view key, std::string_view text);  // 32 bytes.
std::string Sha256(std::string_view text);                            // 32 bytes.
std::string Md5Hex(std::string_view text);  // 32 lower-case digits; for txSecret, no secrecy hangs on it.
std::string HexOf(std::string_view bytes);  // Lower case.

}  // namespace trivium::live
