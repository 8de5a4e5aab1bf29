#include "services/gateway/clients/feed.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/gateway/session/recovery.h"

namespace trivium::gateway {
namespace {

PublicationPtr Pub(uint64_t offset, const std::string& epoch, FrameClass frame_class = FrameClass::kOrdered) {
  auto publication = std::make_shared<Publication>();
  publication->offset = offset;
  publication->epoch = epoch;
  publication->frame_class = frame_class;
  publication->bytes = 100;
  publication->message_id.bytes[15] = static_cast<uint8_t>(offset);
  auto body = std::make_shared<protocol::Publication>();
  body->set_offset(offset);
  publication->body = std::move(body);
  return publication;
}

// What Redis has: places first..top of an epoch.
HistorySnapshot History(const std::string& epoch, uint64_t first, uint64_t top) {
  HistorySnapshot snapshot{{top, epoch}, {}};
  for (uint64_t offset = first; offset <= top; ++offset) snapshot.publications.push_back(Pub(offset, epoch));
  return snapshot;
}

// "3 4 lost answer restore": what an event led to.
std::string Told(const Feed::Effects& effects) {
  std::string told = effects.lost ? "lost " : "";
  for (const PublicationPtr& publication : effects.deliver) told += std::to_string(publication->offset) + " ";
  if (effects.restore) told += "restore ";
  if (effects.answer) told += "answer ";
  if (!told.empty()) told.pop_back();
  return told;
}

class FeedTest : public testing::Test {
 protected:
  // Subscribed, and its first reading answered.
  void Begin(HistorySnapshot snapshot) {
    feed_.OnSubscribed();
    EXPECT_EQ(Answer(std::move(snapshot)), "answer");
  }
  // Answers the reading that is wanted.
  std::string Answer(HistorySnapshot snapshot) {
    const auto plan = feed_.TakePlan();
    if (!plan) return "no plan";
    EXPECT_FALSE(feed_.TakePlan()) << "two readings at once";
    return Told(feed_.OnHistory(plan->number, std::move(snapshot)));
  }
  std::string Live(uint64_t offset, const std::string& epoch = "e") {
    return Told(feed_.OnPublication(Pub(offset, epoch)));
  }
  // Offsets that a client gets that was at `from`; "wait", or "lost" where it can't recover.
  std::string Join(uint64_t offset, const std::string& epoch) {
    const protocol::Position from{offset, epoch};
    auto joined = feed_.Join(from, 0);
    if (!joined) return "wait";
    const auto recovery = protocol::Recover(from, joined->top, joined->history);
    if (!recovery.recovered) return "lost";
    std::string offsets;
    for (const protocol::Entry& entry : recovery.entries) offsets += std::to_string(entry.offset) + " ";
    if (!offsets.empty()) offsets.pop_back();
    return offsets;
  }

  FeedLimits limits_;
  Feed feed_{limits_};
};

TEST_F(FeedTest, ReadsThePositionOnceAndThenServesFromMemory) {
  EXPECT_FALSE(feed_.TakePlan()) << "not subscribed";
  feed_.OnSubscribed();
  EXPECT_FALSE(feed_.Join(std::nullopt, 0));
  const auto plan = feed_.TakePlan();
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->limit, 0) << "nobody wants to recover: the position is enough";
  EXPECT_EQ(Told(feed_.OnHistory(plan->number, {{7, "e"}, {}})), "answer");
  const auto joined = feed_.Join(std::nullopt, 0);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->top.offset, 7u);
  EXPECT_EQ(Live(8), "8");
  EXPECT_EQ(Live(9), "9");
  EXPECT_EQ(Join(7, "e"), "8 9");
  EXPECT_EQ(Join(9, "e"), "");
  EXPECT_FALSE(feed_.TakePlan()) << "all of it without Redis";
}

TEST_F(FeedTest, ReadsOlderPlacesOnceForAll) {
  Begin({{7, "e"}, {}});
  EXPECT_EQ(Live(8), "8");
  EXPECT_EQ(Join(5, "e"), "wait");
  EXPECT_EQ(Join(4, "e"), "wait");
  EXPECT_EQ(Answer(History("e", 3, 8)), "answer");
  EXPECT_EQ(Join(5, "e"), "6 7 8");
  EXPECT_EQ(Join(2, "e"), "3 4 5 6 7 8");
  EXPECT_EQ(Join(1, "e"), "lost") << "Redis has no 2 any more";
  EXPECT_FALSE(feed_.TakePlan()) << "it is known that there is nothing older";
}

TEST_F(FeedTest, AJoinThatCameDuringTheFirstReadingIsNotTakenForServed) {
  feed_.OnSubscribed();
  const auto plan = feed_.TakePlan();
  EXPECT_EQ(Join(5, "e"), "wait");
  EXPECT_EQ(Told(feed_.OnHistory(plan->number, {{7, "e"}, {}})), "answer");
  EXPECT_EQ(Join(5, "e"), "wait") << "the reading was of the position alone";
  EXPECT_EQ(Answer(History("e", 1, 7)), "answer");
  EXPECT_EQ(Join(5, "e"), "6 7");
}

TEST_F(FeedTest, WhoIsExpectedBackCostsOneReading) {
  feed_.ExpectReturn();
  feed_.OnSubscribed();
  EXPECT_EQ(Answer(History("e", 1, 7)), "answer");
  EXPECT_EQ(Join(5, "e"), "6 7");
  feed_.ExpectReturn();
  EXPECT_FALSE(feed_.TakePlan()) << "it is known";
}

TEST_F(FeedTest, PositionsThatNobodyCanRecoverFromAskForNoReading) {
  Begin({{1000, "e"}, {}});
  EXPECT_EQ(Join(5, "e"), "lost") << "more than 300 behind";
  EXPECT_EQ(Join(999, "other"), "lost");
  EXPECT_EQ(Join(2000, "e"), "lost");
  EXPECT_EQ(Join(~uint64_t{0}, "e"), "lost");
  EXPECT_FALSE(feed_.TakePlan());
}

TEST_F(FeedTest, RepairsAGapBeforeMembersSeeIt) {
  Begin({{7, "e"}, {}});
  EXPECT_EQ(Live(10), "") << "held";
  EXPECT_EQ(Live(11), "");
  EXPECT_EQ(Join(7, "e"), "wait");
  EXPECT_EQ(Answer(History("e", 8, 11)), "8 9 10 11 answer");
  EXPECT_EQ(Live(11), "") << "known already";
  EXPECT_EQ(Live(12), "12");
}

TEST_F(FeedTest, AGapThatHistoryCannotCloseIsShown) {
  Begin({{7, "e"}, {}});
  EXPECT_EQ(Live(20), "");
  EXPECT_EQ(Answer(History("e", 15, 20)), "15 16 17 18 19 20 answer") << "members at 7 see that 15 is not 8";
  EXPECT_EQ(Live(25), "");
  EXPECT_EQ(Answer({{25, "e"}, {}}), "lost answer") << "no place is left that would show it";
  EXPECT_EQ(Live(26), "26");
}

TEST_F(FeedTest, AHistoryThatNeverHasWhatCameLiveDoesNotStopTheChannel) {
  Begin({{7, "e"}, {}});
  EXPECT_EQ(Live(10), "");
  EXPECT_EQ(Answer({{7, "e"}, {}}), "");
  EXPECT_EQ(Answer({{7, "e"}, {}}), "");
  EXPECT_EQ(Answer({{7, "e"}, {}}), "10 answer");
}

TEST_F(FeedTest, ReadsOnFromItsPositionAfterALoss) {
  Begin({{7, "e"}, {}});
  feed_.OnLost();
  EXPECT_FALSE(feed_.TakePlan()) << "not subscribed";
  feed_.OnSubscribed();
  const auto plan = feed_.TakePlan();
  ASSERT_TRUE(plan && plan->since);
  EXPECT_EQ(plan->since->offset, 7u);
  EXPECT_EQ(Live(9), "") << "held until the history was read";
  EXPECT_EQ(Told(feed_.OnHistory(plan->number, History("e", 8, 9))), "8 9 answer");
}

TEST_F(FeedTest, AnAnswerThatWasCutIsContinued) {
  Begin({{7, "e"}, {}});
  feed_.OnLost();
  feed_.OnSubscribed();
  auto cut = History("e", 8, 10);
  cut.top.offset = 12;
  EXPECT_EQ(Answer(cut), "8 9 10");
  const auto plan = feed_.TakePlan();
  ASSERT_TRUE(plan && plan->since);
  EXPECT_EQ(plan->since->offset, 10u);
  EXPECT_EQ(Told(feed_.OnHistory(plan->number, History("e", 11, 12))), "11 12 answer");
}

TEST_F(FeedTest, AReadingFromBeforeALossIsIgnored) {
  feed_.OnSubscribed();
  const auto plan = feed_.TakePlan();
  feed_.OnLost();
  feed_.OnSubscribed();
  EXPECT_EQ(Told(feed_.OnHistory(plan->number, {{3, "e"}, {}})), "");
  EXPECT_EQ(Answer({{4, "e"}, {}}), "answer");
}

TEST_F(FeedTest, LostStateAsksForARestorationOnceAndANewEpochIsShown) {
  Begin({{7, "e"}, {}});
  feed_.OnLost();
  feed_.OnSubscribed();
  EXPECT_EQ(Answer({{0, ""}, {}}), "restore answer");
  EXPECT_EQ(Join(7, "e"), "lost");
  feed_.WantCatchUp();
  EXPECT_EQ(Answer(History("f", 1, 3)), "1 2 3 answer") << "members at e see another epoch";
  EXPECT_EQ(Live(4, "f"), "4");
  EXPECT_EQ(Join(1, "f"), "2 3 4");
}

TEST_F(FeedTest, ANewEpochFromItsBeginningNeedsNoReading) {
  Begin({{7, "e"}, {}});
  EXPECT_EQ(Live(1, "f"), "1");
  EXPECT_EQ(Join(7, "e"), "lost");
  EXPECT_EQ(Join(0, ""), "1");
  EXPECT_EQ(Live(5, "g"), "") << "not from its beginning";
  EXPECT_EQ(Answer(History("g", 4, 5)), "4 5 answer");
}

TEST_F(FeedTest, AClientsForeignEpochIsASignOfLossOnce) {
  Begin({{0, ""}, {}});
  EXPECT_TRUE(feed_.NoticeForeignEpoch({7, "e"}));
  EXPECT_FALSE(feed_.NoticeForeignEpoch({7, "e"})) << "clients may claim anything";
}

TEST_F(FeedTest, MessagesWithoutAPlacePassAlways) {
  EXPECT_EQ(Live(0, ""), "0");
  Begin({{7, "e"}, {}});
  EXPECT_EQ(Live(9), "");
  EXPECT_EQ(Live(0, ""), "0") << "nothing to wait for";
}

TEST_F(FeedTest, AFailedReadingIsWantedAgain) {
  feed_.OnSubscribed();
  const auto plan = feed_.TakePlan();
  EXPECT_FALSE(feed_.OnReadFailed(plan->number + 1));
  EXPECT_TRUE(feed_.OnReadFailed(plan->number));
  EXPECT_EQ(Answer({{3, "e"}, {}}), "answer");
}

TEST_F(FeedTest, HoldsNoMoreThanItsLimitsAndReadsWhatItDropped) {
  limits_.held_max = 3;
  limits_.ring_max = 4;
  limits_.ring_bytes_max = 350;
  limits_.reliable_max = 4;
  Feed feed(limits_);
  feed.OnSubscribed();
  for (uint64_t offset = 1; offset <= 10; ++offset) feed.OnPublication(Pub(offset, "e", FrameClass::kReliable));
  auto plan = feed.TakePlan();
  EXPECT_EQ(Told(feed.OnHistory(plan->number, {{5, "e"}, {}})), "") << "held were too many: read again";
  plan = feed.TakePlan();
  ASSERT_TRUE(plan);
  EXPECT_EQ(Told(feed.OnHistory(plan->number, History("e", 6, 10))), "6 7 8 9 10 answer");
  EXPECT_EQ(feed.ring_size(), 3u) << "350 bytes of 100 each";
  EXPECT_LE(feed.ring_bytes(), 350u);
  EXPECT_FALSE(feed.Join(protocol::Position{6, "e"}, 0)) << "6 is not in the ring any more, but in Redis";
  feed.Trim(true);
  EXPECT_EQ(feed.ring_size(), 1u);
}

TEST_F(FeedTest, KnowsWhichReliableMessagesAnAcknowledgementMeans) {
  Begin({{7, "e"}, {}});
  feed_.OnPublication(Pub(8, "e", FrameClass::kReliable));
  feed_.OnPublication(Pub(9, "e", FrameClass::kOrdered));
  feed_.OnPublication(Pub(10, "e", FrameClass::kReliable));
  uint64_t through = 10;
  EXPECT_EQ(feed_.ReliableIds(7, &through, 100).size(), 2u);
  EXPECT_EQ(feed_.ReliableIds(8, &through, 100).size(), 1u);
  EXPECT_EQ(through, 10u);
  EXPECT_EQ(feed_.ReliableIds(7, &through, 1).size(), 1u);
  EXPECT_EQ(through, 8u) << "the rest is for another time";
  through = 9;
  EXPECT_EQ(feed_.ReliableIds(7, &through, 100).size(), 1u);
  EXPECT_TRUE(feed_.CameAfter(Pub(10, "e")->message_id, 9));
  EXPECT_FALSE(feed_.CameAfter(Pub(10, "e")->message_id, 10));
}

TEST_F(FeedTest, ExpiredPublicationsKeepTheirPlaceAlone) {
  Begin({{7, "e"}, {}});
  auto publication = std::make_shared<Publication>(*Pub(8, "e"));
  publication->expire_time_ms = 1000;
  feed_.OnPublication(publication);
  EXPECT_NE(feed_.Join(protocol::Position{7, "e"}, 999)->history.at(0).publication, nullptr);
  const auto late = feed_.Join(protocol::Position{7, "e"}, 1000);
  ASSERT_EQ(late->history.size(), 1u);
  EXPECT_EQ(late->history[0].publication, nullptr);
}

}  // namespace
}  // namespace trivium::gateway
