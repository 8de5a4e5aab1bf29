#include "services/gateway/session/channel_name.h"

#include <gtest/gtest.h>

namespace trivium::protocol {
namespace {

TEST(ChannelNameTest, ReadsAndWritesTheThreeKinds) {
  const std::string longest(64, 'x');
  const std::tuple<std::string, ChannelKind, std::string> cases[] = {
      {"room:room_01h2xz", ChannelKind::kRoom, "room_01h2xz"},
      {"room:" + longest, ChannelKind::kRoom, longest},
      {"user:42", ChannelKind::kUser, "42"},
      {"user:A.b-c_d@e", ChannelKind::kUser, "A.b-c_d@e"},
      {"product", ChannelKind::kProduct, ""},
  };
  for (const auto& [text, kind, id] : cases) {
    const auto name = ParseChannelName(text);
    ASSERT_TRUE(name.has_value()) << text;
    EXPECT_EQ(name->kind, kind);
    EXPECT_EQ(name->id, id);
    EXPECT_EQ(FormatChannelName(*name), text);
  }
}

TEST(ChannelNameTest, RefusesEverythingElse) {
  const std::string cases[] = {"",
                               "room",
                               "room:",
                               "user:",
                               "product:",
                               "product:acme",
                               "products",
                               " product",
                               "Room:a",
                               "room:acme:a",
                               "acme:room:a",
                               "acme/room:a",
                               "room:a b",
                               "room: a",
                               "room:a\n",
                               "room:*",
                               "room:{a}",
                               "room:a/b",
                               "room:é",
                               "room:\xFF",
                               std::string("room:a\0b", 8),
                               "room:" + std::string(65, 'x'),
                               std::string(1 << 20, 'r'),
                               "$room:a",
                               "#product"};
  for (const std::string& text : cases) EXPECT_FALSE(ParseChannelName(text)) << text;
}

}  // namespace
}  // namespace trivium::protocol
