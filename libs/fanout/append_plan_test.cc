#include "libs/fanout/append_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace trivium::fanout {
namespace {

using testing::ElementsAre;

Message To(const std::string& room, size_t bytes = 1) {
  return {.channel = {"acme", "room:" + room}, .payload = std::string(bytes, 'p')};
}

std::vector<AppendRound> PlanAll(const std::vector<Message>& messages) {
  std::vector<size_t> wanted(messages.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  return PlanAppend(messages, wanted);
}

TEST(AppendPlanTest, OneCallForEachChannelInOneRound) {
  EXPECT_THAT(PlanAll({To("a"), To("b"), To("a"), To("c"), To("b")}),
              ElementsAre(ElementsAre(ElementsAre(0u, 2u), ElementsAre(1u, 4u), ElementsAre(3u))));
  EXPECT_TRUE(PlanAll({}).empty());
}

TEST(AppendPlanTest, TheSameNameInTwoProductsIsTwoChannels) {
  std::vector<Message> messages = {To("a"), To("a")};
  messages[1].channel.product = "other";
  EXPECT_THAT(PlanAll(messages), ElementsAre(ElementsAre(ElementsAre(0u), ElementsAre(1u))));
}

TEST(AppendPlanTest, TakesOnlyWhatIsWanted) {
  const std::vector<Message> messages = {To("a"), To("a"), To("b")};
  EXPECT_THAT(PlanAppend(messages, std::vector<size_t>{1}), ElementsAre(ElementsAre(ElementsAre(1u))));
}

TEST(AppendPlanTest, AFullCallMovesTheRestOfItsChannelToTheNextRound) {
  std::vector<Message> messages(2 * kMaxCallMessages + 1, To("a"));
  messages.push_back(To("b"));
  const auto rounds = PlanAll(messages);
  ASSERT_EQ(rounds.size(), 3u);
  EXPECT_EQ(rounds[0].size(), 2u);
  EXPECT_EQ(rounds[0][0].size(), kMaxCallMessages);
  EXPECT_THAT(rounds[0][1], ElementsAre(messages.size() - 1));
  EXPECT_THAT(rounds[2], ElementsAre(ElementsAre(2 * kMaxCallMessages)));
}

TEST(AppendPlanTest, BytesFillACallToo) {
  const std::vector<Message> messages(9, To("a", kMaxPayloadBytes));  // Four of them are kMaxCallBytes.
  const auto rounds = PlanAll(messages);
  ASSERT_EQ(rounds.size(), 3u);
  EXPECT_THAT(rounds[0], ElementsAre(ElementsAre(0u, 1u, 2u, 3u)));
  EXPECT_THAT(rounds[2], ElementsAre(ElementsAre(8u)));
}

TEST(AppendPlanTest, OtherHistoryOptionsAreAnotherCall) {
  std::vector<Message> messages(4, To("a"));
  messages[2].history.size = 7;
  EXPECT_THAT(PlanAll(messages), ElementsAre(ElementsAre(ElementsAre(0u, 1u)), ElementsAre(ElementsAre(2u)),
                                             ElementsAre(ElementsAre(3u))));
}

// Whatever the batch: each message once, each channel in its order, at most one call of a channel in a round.
TEST(AppendPlanTest, KeepsTheOrderOfEachChannel) {
  std::vector<Message> messages;
  for (size_t i = 0; i < 1000; ++i) {
    messages.push_back(To(std::to_string(i * i % 7), i % 11 == 0 ? kMaxPayloadBytes / 2 : 1));
    messages.back().history.size = i % 97 == 0 ? 1 : 2;
  }
  std::vector<std::vector<size_t>> planned(7), wanted(7);
  for (size_t i = 0; i < messages.size(); ++i) wanted[i * i % 7].push_back(i);
  for (const AppendRound& round : PlanAll(messages)) {
    std::set<std::string> names;
    for (const AppendCall& call : round) {
      EXPECT_TRUE(names.insert(messages[call[0]].channel.name).second);
      for (const size_t index : call) {
        EXPECT_EQ(messages[index].channel, messages[call[0]].channel);
        planned[index * index % 7].push_back(index);
      }
    }
  }
  EXPECT_EQ(planned, wanted);
}

}  // namespace
}  // namespace trivium::fanout
