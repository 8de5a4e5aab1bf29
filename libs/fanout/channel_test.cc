#include "libs/fanout/channel.h"

#include <gtest/gtest.h>

#include "libs/redis/client.h"

namespace trivium::fanout {
namespace {

Violations Check(ChannelView channel) {
  Violations violations;
  CheckChannel(channel, "channel", &violations);
  return violations;
}

TEST(ChannelTest, AcceptsWhatClientsCallRoomsAndUsers) {
  for (const ChannelView channel : {ChannelView("acme", "room:r1"), ChannelView("acme", "product"),
                                    ChannelView("A.b_c-9", "user:li.lei@example.com"), ChannelView("a", "a/b/c"),
                                    ChannelView("acme", "~!\"#$%&'()*+,-./:;<=>?@[\\]^_`|")}) {
    EXPECT_TRUE(Check(channel).empty()) << channel.name;
    EXPECT_EQ(ParseEventsName(KeyOf(Key::kEvents, channel)), channel);
  }
}

TEST(ChannelTest, NamesTheWrongFieldWithItsValue) {
  const std::string long_product(65, 'p'), long_name(129, 'n');
  const struct {
    ChannelView channel;
    const char* path;
  } kCases[] = {
      {{"", "room:r1"}, "channel.product"},     {{"a/b", "room:r1"}, "channel.product"},
      {{"a{b", "room:r1"}, "channel.product"},  {{"a b", "room:r1"}, "channel.product"},
      {{long_product, "r"}, "channel.product"}, {{"\xe8\xaf\xbe", "r"}, "channel.product"},
      {{"acme", ""}, "channel.name"},           {{"acme", "room}"}, "channel.name"},
      {{"acme", "{room"}, "channel.name"},      {{"acme", "a b"}, "channel.name"},
      {{"acme", "a\nb"}, "channel.name"},       {{"acme", std::string_view("a\0b", 3)}, "channel.name"},
      {{"acme", "a\x7f"}, "channel.name"},      {{"acme", "\xff"}, "channel.name"},
      {{"acme", long_name}, "channel.name"},
  };
  for (const auto& [channel, path] : kCases) {
    const Violations violations = Check(channel);
    ASSERT_EQ(violations.size(), 1u) << channel.product << "/" << channel.name;
    EXPECT_EQ(violations[0].first, path);
    EXPECT_NE(violations[0].second.find("want 1-"), std::string::npos) << violations[0].second;
    EXPECT_EQ(violations[0].second.find('\n'), std::string::npos) << "a hostile name is escaped";
    EXPECT_LT(violations[0].second.size(), 1000u);
  }
  EXPECT_EQ(Check({"", ""}).size(), 2u);
}

// The formats are in Redis of running cells: a change needs a migration.
TEST(ChannelTest, KeyFormatsStayAsTheyAre) {
  const Channel channel{"acme", "room:r1"};
  EXPECT_EQ(KeyOf(Key::kMeta, channel), "fanout:meta:{acme/room:r1}");
  EXPECT_EQ(KeyOf(Key::kHistory, channel), "fanout:history:{acme/room:r1}");
  EXPECT_EQ(KeyOf(Key::kEvents, channel), "fanout:events:{acme/room:r1}");
  EXPECT_EQ(KeyOf(Key::kConnections, channel), "fanout:connections:{acme/room:r1}");
  EXPECT_EQ(KeyOf(Key::kExpiry, channel), "fanout:expiry:{acme/room:r1}");
  EXPECT_EQ(KeyOf(Key::kUsers, channel), "fanout:users:{acme/room:r1}");
  EXPECT_EQ(OnceKeyOf(channel, "k-1"), "fanout:once:{acme/room:r1}:k-1");
}

TEST(ChannelTest, AllKeysOfAChannelAreInOneSlotWhateverTheIdempotencyKeyHolds) {
  const Channel channel{"acme", "room:r1"};
  const int slot = redis::KeySlot("acme/room:r1");
  for (const Key key : {Key::kMeta, Key::kHistory, Key::kEvents, Key::kConnections, Key::kExpiry, Key::kUsers}) {
    EXPECT_EQ(redis::KeySlot(KeyOf(key, channel)), slot);
  }
  for (const char* hostile : {"", "}", "{other}", "}{other}", "\r\n"}) {
    EXPECT_EQ(redis::KeySlot(OnceKeyOf(channel, hostile)), slot) << hostile;
  }
}

TEST(ChannelTest, ParsesNothingFromForeignNames) {
  for (const std::string_view name :
       {"", "fanout:events:", "fanout:events:{", "fanout:events:{}", "fanout:events:{acme}", "fanout:events:{/r}",
        "fanout:events:{acme/}", "fanout:events:{acme/r", "fanout:meta:{acme/r}", "xfanout:events:{acme/r}",
        "fanout:events:{acme/r}x", "fanout:events:{acme/a b}", "fanout:events:{acme/a}b}", "FANOUT:EVENTS:{acme/r}"}) {
    EXPECT_EQ(ParseEventsName(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace trivium::fanout
