// Characters that no name, title or reason may hold: they change what a terminal, a log or a page shows.
#pragma once

#include <cstddef>
#include <string_view>

namespace trivium {

// Of UTF-8: C0, DEL, and C1 (U+0080 to U+009F: C2 80 to C2 9F).
constexpr bool HasControlCharacter(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace trivium
