#include "services/gateway/session/channel_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace trivium::protocol {
namespace {

constexpr std::string_view kProductName = "product";

struct Prefix {
  ChannelKind kind;
  std::string_view text;
};
constexpr Prefix kPrefixes[] = {{ChannelKind::kRoom, "room:"}, {ChannelKind::kUser, "user:"}};

}  // namespace

bool IsChannelId(std::string_view id) {
  constexpr std::string_view kMarks = "._-@";
  return !id.empty() && id.size() <= kMaxChannelId && std::all_of(id.begin(), id.end(), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || kMarks.find(c) != std::string_view::npos;
  });
}

std::optional<ChannelName> ParseChannelName(std::string_view text) {
  if (text == kProductName) return ChannelName{ChannelKind::kProduct, ""};
  for (const auto& [kind, prefix] : kPrefixes) {
    if (!text.starts_with(prefix)) continue;
    const std::string_view id = text.substr(prefix.size());
    if (IsChannelId(id)) return ChannelName{kind, id};
  }
  return std::nullopt;
}

std::string FormatChannelName(const ChannelName& name) {
  for (const auto& [kind, prefix] : kPrefixes) {
    if (kind == name.kind) return std::string(prefix) + std::string(name.id);
  }
  return std::string(kProductName);
}

}  // namespace trivium::protocol
