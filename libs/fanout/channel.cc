#include "libs/fanout/channel.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::fanout {
namespace {

// In the order of Key.
constexpr std::array<std::string_view, 7> kPrefixes = {
    "fanout:meta:{",        "fanout:history:{", "fanout:once:{",  "fanout:events:{",
    "fanout:connections:{", "fanout:expiry:{",  "fanout:users:{",
};

bool IsProductCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}
// Braces would end the hash tag.
bool IsNameCharacter(char c) { return c > 0x20 && c < 0x7f && c != '{' && c != '}'; }

bool IsText(std::string_view text, size_t max, bool (*allowed)(char)) {
  return !text.empty() && text.size() <= max && std::all_of(text.begin(), text.end(), allowed);
}
bool IsProduct(std::string_view text) { return IsText(text, kMaxProductBytes, IsProductCharacter); }
bool IsName(std::string_view text) { return IsText(text, kMaxNameBytes, IsNameCharacter); }

std::string Quoted(std::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(ToAbsl(text.substr(0, 200))), "\"");
}

}  // namespace

void CheckChannel(ChannelView channel, std::string_view path, Violations* violations) {
  if (!IsProduct(channel.product)) {
    violations->emplace_back(absl::StrCat(ToAbsl(path), ".product"),
                             Quoted(channel.product) + ", want 1-64 characters of A-Z a-z 0-9 . _ -");
  }
  if (!IsName(channel.name)) {
    violations->emplace_back(absl::StrCat(ToAbsl(path), ".name"),
                             Quoted(channel.name) + ", want 1-128 visible ASCII characters, none of them { or }");
  }
}

std::string KeyOf(Key key, ChannelView channel) {
  const std::string_view prefix = kPrefixes[static_cast<size_t>(key)];
  return absl::StrCat(ToAbsl(prefix), ToAbsl(channel.product), "/", ToAbsl(channel.name), "}");
}

std::string OnceKeyOf(ChannelView channel, std::string_view idempotency_key) {
  return absl::StrCat(KeyOf(Key::kOnce, channel), ":", ToAbsl(idempotency_key));
}

std::optional<ChannelView> ParseEventsName(std::string_view name) {
  constexpr std::string_view prefix = kPrefixes[static_cast<size_t>(Key::kEvents)];
  if (!name.starts_with(prefix) || !name.ends_with('}')) return std::nullopt;
  name = name.substr(prefix.size(), name.size() - prefix.size() - 1);
  const size_t slash = name.find('/');  // A product has none.
  if (slash == std::string_view::npos) return std::nullopt;
  const ChannelView channel(name.substr(0, slash), name.substr(slash + 1));
  if (!IsProduct(channel.product) || !IsName(channel.name)) return std::nullopt;
  return channel;
}

}  // namespace trivium::fanout
