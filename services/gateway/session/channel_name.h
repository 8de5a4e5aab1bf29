// Names of channels as clients say them: "room:<room id>", "user:<uid>", "product". The product is never in the name:
// it comes from the connection's token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trivium::protocol {

enum class ChannelKind {
  kRoom,     // Clients subscribe.
  kUser,     // The server subscribes the user's connections.
  kProduct,  // The server subscribes every connection of the product.
};

struct ChannelName {
  ChannelKind kind = ChannelKind::kProduct;
  std::string_view id;  // Of the room or user; "" for the product. Part of the parsed text.
};

inline constexpr size_t kMaxChannelId = 64;

// 1-64 characters of A-Z a-z 0-9 . _ - @
bool IsChannelId(std::string_view id);

// Nothing for any other text.
std::optional<ChannelName> ParseChannelName(std::string_view text);
// The text of a name whose id IsChannelId, or of kProduct.
std::string FormatChannelName(const ChannelName& name);

}  // namespace trivium::protocol
