#include "services/gateway/connection/utf8_stream.h"

#include <array>
#include <cstring>

namespace trivium::gateway {
namespace {

// States of the automaton: how many continuation bytes are awaited, and which second bytes the lead byte allows.
enum State : uint8_t { kStart, kOneMore, kTwoMore, kThreeMore, kAfterE0, kAfterED, kAfterF0, kAfterF4, kStates, kBad };

struct Rule {
  State from;
  uint8_t first, last;  // Inclusive range of bytes.
  State to;
};

// A byte that no rule lists is wrong.
constexpr Rule kRules[] = {
    {kStart, 0x00, 0x7F, kStart},       {kStart, 0xC2, 0xDF, kOneMore},
    {kStart, 0xE0, 0xE0, kAfterE0},                                      // Not overlong.
    {kStart, 0xE1, 0xEC, kTwoMore},     {kStart, 0xED, 0xED, kAfterED},  // No surrogate.
    {kStart, 0xEE, 0xEF, kTwoMore},     {kStart, 0xF0, 0xF0, kAfterF0},  // Not overlong.
    {kStart, 0xF1, 0xF3, kThreeMore},   {kStart, 0xF4, 0xF4, kAfterF4},  // Not above U+10FFFF.
    {kOneMore, 0x80, 0xBF, kStart},     {kTwoMore, 0x80, 0xBF, kOneMore},
    {kThreeMore, 0x80, 0xBF, kTwoMore}, {kAfterE0, 0xA0, 0xBF, kOneMore},
    {kAfterED, 0x80, 0x9F, kOneMore},   {kAfterF0, 0x90, 0xBF, kTwoMore},
    {kAfterF4, 0x80, 0x8F, kTwoMore},
};

using Table = std::array<std::array<uint8_t, 256>, kStates>;

constexpr Table MakeTable() {
  Table table{};
  for (auto& row : table) row.fill(kBad);
  for (const Rule& rule : kRules) {
    for (int byte = rule.first; byte <= rule.last; ++byte) table[rule.from][byte] = rule.to;
  }
  return table;
}

constexpr Table kNext = MakeTable();

// Number of leading bytes, a multiple of 8, that are all ASCII.
size_t AsciiRun(std::string_view bytes) {
  size_t n = 0;
  for (uint64_t word; n + sizeof(word) <= bytes.size(); n += sizeof(word)) {
    std::memcpy(&word, bytes.data() + n, sizeof(word));
    if ((word & 0x8080808080808080) != 0) break;
  }
  return n;
}

}  // namespace

bool Utf8Stream::Feed(std::string_view bytes) {
  if (state_ == kBad) return false;
  while (!bytes.empty()) {
    if (state_ == kStart) bytes.remove_prefix(AsciiRun(bytes));
    // Eight bytes by the automaton, then perhaps ASCII again.
    const std::string_view some = bytes.substr(0, 8);
    for (const char c : some) {
      state_ = kNext[state_][static_cast<uint8_t>(c)];
      if (state_ == kBad) return false;
    }
    bytes.remove_prefix(some.size());
  }
  return true;
}

}  // namespace trivium::gateway
