#include "services/push/domain/audience_text.h"

#include <cstdint>

#include "libs/text/utf8.h"
#include "services/push/domain/audience.h"

namespace trivium::push {
namespace {

struct Block {
  uint32_t first, last;
};

// Latin-1 controls and signs; general punctuation; CJK punctuation; full-width forms of ASCII's punctuation; specials.
constexpr Block kNotLetters[] = {{0x80, 0xBF},     {0x2000, 0x206F}, {0x3000, 0x3004}, {0x3008, 0x3020},
                                 {0xFEFF, 0xFEFF}, {0xFF00, 0xFF0F}, {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40},
                                 {0xFF5B, 0xFF65}, {0xFFF0, 0xFFFF}};

// The code point of a well-formed sequence.
uint32_t CodePoint(std::string_view sequence) {
  constexpr uint32_t kLead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  uint32_t point = static_cast<uint8_t>(sequence[0]) & kLead[sequence.size()];
  for (const char c : sequence.substr(1)) point = point << 6 | (static_cast<uint8_t>(c) & 0x3F);
  return point;
}

bool IsBareAscii(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

int BareLength(std::string_view text) {
  const int length = Utf8SequenceLength(text);
  if (length <= 1) return length == 1 && IsBareAscii(text[0]) ? 1 : 0;
  const uint32_t point = CodePoint(text.substr(0, static_cast<size_t>(length)));
  for (const Block& block : kNotLetters) {
    if (point >= block.first && point <= block.last) return 0;
  }
  return length;
}

int ValueLength(std::string_view text) {
  const int length = Utf8SequenceLength(text);
  if (length == 0) return 0;
  const uint32_t point = CodePoint(text.substr(0, static_cast<size_t>(length)));
  const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
  return control ? 0 : length;
}

bool IsTagKey(std::string_view text) {
  if (text.empty() || text.size() > kTagKeyCharactersMax || !IsKeyStart(text[0])) return false;
  for (const char c : text) {
    if (!IsKeyCharacter(c)) return false;
  }
  return true;
}

bool IsTagValue(std::string_view text) {
  size_t characters = 0;
  while (!text.empty()) {
    const int length = ValueLength(text);
    if (length == 0 || ++characters > kTagValueCharactersMax) return false;
    text.remove_prefix(static_cast<size_t>(length));
  }
  return true;
}

}  // namespace trivium::push
