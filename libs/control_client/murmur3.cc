#include "libs/control_client/murmur3.h"

#include <bit>

namespace trivium {
namespace {

// Little-endian on every machine.
uint32_t Word(std::string_view bytes) {
  uint32_t word = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    word |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return word;
}

uint32_t Scramble(uint32_t k) { return std::rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u; }

}  // namespace

uint32_t Murmur3(std::string_view text, uint32_t seed) {
  uint32_t h = seed;
  const size_t whole = text.size() / 4 * 4;
  for (size_t i = 0; i < whole; i += 4) {
    h ^= Scramble(Word(text.substr(i, 4)));
    h = std::rotl(h, 13) * 5 + 0xe6546b64u;
  }
  h ^= Scramble(Word(text.substr(whole)));
  h ^= static_cast<uint32_t>(text.size());
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

}  // namespace trivium
