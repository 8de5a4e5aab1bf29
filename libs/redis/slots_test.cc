#include "libs/redis/slots.h"

#include <gtest/gtest.h>

#include "libs/status/error.h"

namespace trivium::redis {
namespace {

const Address kAsked = {"10.0.0.9", 7000};

Reply Int(int64_t value) { return Reply::OfInteger(value); }
Reply Text(const char* text) { return Reply::OfString(text); }
Reply Node(Reply host, int64_t port) { return Reply::OfArray({std::move(host), Int(port), Text("id")}); }
Reply Range(int64_t first, int64_t last, Reply node) {
  return Reply::OfArray({Int(first), Int(last), std::move(node)});
}

// The cluster's own answers to CLUSTER KEYSLOT, and the specification's examples of hash tags.
TEST(KeySlotTest, IsAsTheServerComputesIt) {
  const struct {
    std::string key;
    int slot;
  } cases[] = {
      {"123456789", 0x31c3},
      {"", 0},
      {"foo", 12182},
      {"bar", 5061},
      {"{foo}", 12182},
      {"{foo}bar", 12182},
      {"a{foo}{bar}", 12182},
      {"foo{}{bar}", 8363},
      {"{{foo}}", KeySlot("{foo")},
      {"{user1000}.following", KeySlot("user1000")},
      {"}foo{", KeySlot("}foo{")},
      {std::string("\0\xff", 2), KeySlot(std::string("{\0\xff}", 4))},
  };
  for (const auto& c : cases) EXPECT_EQ(KeySlot(c.key), c.slot) << c.key;
}

TEST(SlotMapTest, KnowsTheNodeOfEachSlot) {
  const auto map =
      SlotMap::Parse(Reply::OfArray({Range(0, 99, Node(Text("a"), 1)), Range(100, 16382, Node(Text("b"), 2)),
                                     Range(16383, 16383, Node(Text("a"), 1))}),
                     kAsked);
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ((*map)->NodeOf(0), (Address{"a", 1}));
  EXPECT_EQ((*map)->NodeOf(99), (Address{"a", 1}));
  EXPECT_EQ((*map)->NodeOf(100), (Address{"b", 2}));
  EXPECT_EQ((*map)->NodeOf(16383), (Address{"a", 1}));
  EXPECT_EQ((*map)->masters().size(), 2u);
  EXPECT_EQ((*map)->SlotOfEach(), (std::vector<int>{0, 100}));
  EXPECT_EQ((*map)->uncovered(), 0);
}

TEST(SlotMapTest, NodesThatDoNotKnowTheirHostHaveTheOneThatWasAsked) {
  for (Reply host : {Reply(), Text(""), Text("?")}) {
    const auto map = SlotMap::Parse(Reply::OfArray({Range(5, 5, Node(host, 7001))}), kAsked);
    ASSERT_TRUE(map.ok()) << map.status();
    EXPECT_EQ((*map)->NodeOf(5), (Address{"10.0.0.9", 7001}));
    EXPECT_EQ((*map)->NodeOf(6), std::nullopt);
    EXPECT_EQ((*map)->uncovered(), kSlots - 1);
  }
}

TEST(SlotMapTest, MalformedAnswersAreErrors) {
  const Reply cases[] = {
      Reply(),
      Text("OK"),
      Reply::OfArray({Int(1)}),
      Reply::OfArray({Reply::OfArray({})}),
      Reply::OfArray({Reply::OfArray({Int(0), Int(1)})}),
      Reply::OfArray({Range(-1, 5, Node(Text("a"), 1))}),
      Reply::OfArray({Range(5, 4, Node(Text("a"), 1))}),
      Reply::OfArray({Range(0, 16384, Node(Text("a"), 1))}),
      Reply::OfArray({Range(0, 5, Node(Text("a"), 0))}),
      Reply::OfArray({Range(0, 5, Node(Text("a"), 65536))}),
      Reply::OfArray({Range(0, 5, Node(Int(1), 1))}),
      Reply::OfArray({Range(0, 5, Text("a:1"))}),
      Reply::OfArray({Range(0, 5, Reply::OfArray({Text("a")}))}),
  };
  for (const Reply& reply : cases) {
    EXPECT_EQ(ReasonOf(SlotMap::Parse(reply, kAsked).status()), "REDIS_REPLY_UNEXPECTED");
  }
  EXPECT_EQ(ReasonOf(SlotMap::Parse(Reply::OfArray({}), kAsked).status()), "REDIS_CLUSTER_DOWN");
}

TEST(SlotMapTest, RefusesMoreMastersThanAClusterHas) {
  std::vector<Reply> ranges;
  for (int i = 0; i <= static_cast<int>(kMaxNodes); ++i) ranges.push_back(Range(i, i, Node(Text("a"), i + 1)));
  EXPECT_FALSE(SlotMap::Parse(Reply::OfArray(std::move(ranges)), kAsked).ok());
}

TEST(ReadyKeyTest, HasTheSlot) {
  for (const int slot : {0, 1, 8191, 16383}) EXPECT_EQ(KeySlot(ReadyKey(slot)), slot);
}

}  // namespace
}  // namespace trivium::redis
