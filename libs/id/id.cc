#include "libs/id/id_value.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium {
namespace {

// Crockford's base32, in ASCII order: texts sort as the ids do.
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr size_t kTextLength = 26;  // 130 bits: the top 2 are zero.

using Wide = unsigned __int128;

Wide ToWide(const Id& id) {
  Wide value = 0;
  for (const uint8_t byte : id.bytes) value = value << 8 | byte;
  return value;
}

Id FromWide(Wide value) {
  Id id;
  for (size_t i = id.bytes.size(); i-- > 0; value >>= 8) id.bytes[i] = static_cast<uint8_t>(value);
  return id;
}

}  // namespace

absl::StatusOr<Id> Id::FromBytes(std::string_view bytes) {
  if (bytes.size() != sizeof(Id::bytes)) {
    return absl::InvalidArgumentError(absl::StrCat("id: ", bytes.size(), " bytes, want 16"));
  }
  Id id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

uint64_t Id::Hash() const {
  // FNV-1a, then a finalizer (SplitMix64) so that the low bits depend on all bytes.
  uint64_t hash = 0xcbf29ce484222325u;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
  return hash ^ hash >> 31;
}

std::string FormatId(std::string_view kind, const Id& id) {
  std::string text(kTextLength, '0');
  Wide value = ToWide(id);
  for (size_t i = kTextLength; i-- > 0; value >>= 5) text[i] = kAlphabet[static_cast<size_t>(value & 31)];
  return absl::StrCat(ToAbsl(kind), "_", text);
}

absl::StatusOr<Id> ParseId(std::string_view kind, std::string_view text) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("want ", ToAbsl(kind), "_ and 26 characters of ", ToAbsl(kAlphabet)));
  };
  if (text.size() != kind.size() + 1 + kTextLength || !text.starts_with(kind) || text[kind.size()] != '_') {
    return wrong();
  }
  text.remove_prefix(kind.size() + 1);
  // A first digit above 7 would need more than 128 bits: two texts for one id.
  if (text[0] > '7') return wrong();
  Wide value = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return wrong();
    value = value << 5 | digit;
  }
  return FromWide(value);
}

}  // namespace trivium
