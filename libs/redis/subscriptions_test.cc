#include "libs/redis/subscriptions.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/redis/reply_reader.h"
#include "libs/status/error.h"

namespace trivium::redis {
namespace {

// All that is to be told, as "SUBSCRIBE a b; UNSUBSCRIBE c".
std::string TakeAll(Subscriptions& subscriptions) {
  ReplyReader reader;
  for (std::string wire = subscriptions.Take(); !wire.empty(); wire = subscriptions.Take()) reader.Feed(wire);
  std::string all;
  while (true) {
    const auto command = reader.Next();
    if (!command.ok() || !command->has_value()) return all;
    if (!all.empty()) all += "; ";
    std::string words;
    const auto elements = (*command)->Array();
    for (const Reply& word : *elements) absl::StrAppend(&words, words.empty() ? "" : " ", *word.Text());
    all += words;
  }
}

TEST(SubscriptionsTest, TellsOnlyTheLastOfManyChanges) {
  Subscriptions subscriptions(10);
  subscriptions.Connected();
  ASSERT_TRUE(subscriptions.Want({"a", "b"}).ok());
  EXPECT_EQ(TakeAll(subscriptions), "SUBSCRIBE a b");
  EXPECT_EQ(TakeAll(subscriptions), "");
  for (int i = 0; i < 1000; ++i) {
    subscriptions.Drop({"a"});
    ASSERT_TRUE(subscriptions.Want({"a", "c"}).ok());
    subscriptions.Drop({"c"});
  }
  EXPECT_EQ(TakeAll(subscriptions), "SUBSCRIBE a") << "confirmed again; c was never told";
  EXPECT_FALSE(subscriptions.IsWanted("c"));
  subscriptions.Drop({"b", "b", "unknown"});
  EXPECT_EQ(TakeAll(subscriptions), "UNSUBSCRIBE b");
  EXPECT_EQ(subscriptions.size(), 1u);
}

TEST(SubscriptionsTest, AnUnsubscribeThatWasToldIsFollowedByANewSubscribe) {
  Subscriptions subscriptions(10);
  subscriptions.Connected();
  ASSERT_TRUE(subscriptions.Want({"a"}).ok());
  EXPECT_EQ(TakeAll(subscriptions), "SUBSCRIBE a");
  subscriptions.Drop({"a"});
  EXPECT_EQ(TakeAll(subscriptions), "UNSUBSCRIBE a");
  ASSERT_TRUE(subscriptions.Want({"a"}).ok());
  EXPECT_EQ(TakeAll(subscriptions), "SUBSCRIBE a");
}

TEST(SubscriptionsTest, ANewConnectionIsToldAllThatIsWanted) {
  Subscriptions subscriptions(10);
  ASSERT_TRUE(subscriptions.Want({"a", "b"}).ok());
  EXPECT_EQ(TakeAll(subscriptions), "") << "there is nobody to tell";
  subscriptions.Drop({"b"});
  subscriptions.Connected();
  EXPECT_EQ(TakeAll(subscriptions), "SUBSCRIBE a");
  subscriptions.Drop({"a"});
  ASSERT_TRUE(subscriptions.Want({"c"}).ok());
  subscriptions.Disconnected();
  EXPECT_EQ(subscriptions.size(), 1u);
  subscriptions.Connected();
  EXPECT_EQ(TakeAll(subscriptions), "SUBSCRIBE c");
}

TEST(SubscriptionsTest, IsBoundedAlsoByWhatWasDroppedAndNotToldYet) {
  Subscriptions subscriptions(2);
  subscriptions.Connected();
  ASSERT_TRUE(subscriptions.Want({"a", "b"}).ok());
  EXPECT_EQ(ReasonOf(subscriptions.Want({"a", "c"})), "REDIS_CHANNELS_FULL");
  EXPECT_FALSE(subscriptions.IsWanted("c"));
  subscriptions.Drop({"a"});
  EXPECT_FALSE(subscriptions.Want({"c"}).ok());
  EXPECT_EQ(TakeAll(subscriptions), "SUBSCRIBE b") << "the server never heard of a";
  EXPECT_TRUE(subscriptions.Want({"c"}).ok());
}

TEST(SubscriptionsTest, WhileNobodyIsConnectedDroppedOnesAreForgottenAtOnce) {
  Subscriptions subscriptions(2);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(subscriptions.Want({absl::StrCat(i)}).ok());
    subscriptions.Drop({absl::StrCat(i)});
  }
  EXPECT_EQ(subscriptions.size(), 0u);
}

TEST(SubscriptionsTest, ManyChannelsBecomeManyCommandsOfBoundedSize) {
  Subscriptions subscriptions(100000);
  subscriptions.Connected();
  std::vector<std::string> channels;
  for (int i = 0; i < 20000; ++i) channels.push_back(absl::StrCat("channel:", i));
  ASSERT_TRUE(subscriptions.Want(channels).ok());
  EXPECT_LT(subscriptions.Take().size(), 128u << 10);
  EXPECT_FALSE(subscriptions.Take().empty());
}

}  // namespace
}  // namespace trivium::redis
