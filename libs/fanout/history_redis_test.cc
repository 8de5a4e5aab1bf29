// Appending and reading against a real Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/fanout/metrics.h"
#include "libs/fanout/test_fanout.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Channel kRoom{"acme", "room:r1"};

Message Plain(const std::string& payload, const std::string& room = "r1") {
  return {.channel = {"acme", "room:" + room}, .payload = payload};
}
Message Once(const std::string& payload, const std::string& key) {
  Message message = Plain(payload);
  message.idempotency_key = key;
  return message;
}

class HistoryTest : public RedisSuite {
 protected:
  TestFanout fanout_{redis_->client_options()};
};

TEST_F(HistoryTest, OffsetsAreDenseFromOneInTheOrderOfTheBatch) {
  const std::vector<Message> batch = {Plain("a"), Plain("x", "r2"), Plain("b"), Plain("c")};
  const auto results = fanout_.publisher->Append(batch, Soon());
  ASSERT_EQ(results.size(), 4u);
  for (const auto& result : results) ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(results[0]->position.offset, 1);
  EXPECT_EQ(results[1]->position.offset, 1);
  EXPECT_EQ(results[2]->position.offset, 2);
  EXPECT_EQ(results[3]->position.offset, 3);
  EXPECT_EQ(results[0]->position.epoch.size(), 16u);
  EXPECT_EQ(results[3]->position.epoch, results[0]->position.epoch);
  EXPECT_NE(results[1]->position.epoch, results[0]->position.epoch) << "each channel has its own";
  const auto more = fanout_.Append(Plain("d"));
  EXPECT_EQ(more->position, (Position{results[0]->position.epoch, 4}));
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:0:a", "2:0:b", "3:0:c", "4:0:d"));
  EXPECT_EQ(fanout_.metrics.GetCounter(kMessages, {"acme", "done"}).Value(), 5);
}

TEST_F(HistoryTest, PayloadsAreOpaqueBytes) {
  const std::string bytes("\0\r\n{}\xff\x01", 7), large(kMaxPayloadBytes, '\x80');
  ASSERT_TRUE(fanout_.Append(Plain(bytes)).ok());
  ASSERT_TRUE(fanout_.Append(Plain(large)).ok());
  ASSERT_TRUE(fanout_.Append(Plain("")).ok());
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:0:" + bytes, "2:0:" + large, "3:0:"));
}

TEST_F(HistoryTest, ABatchLargerThanACallKeepsItsOrder) {
  std::vector<Message> batch;
  for (int i = 1; i <= 1000; ++i) {
    batch.push_back(Plain(absl::StrCat(i)));
    batch.back().history.size = 1000;
  }
  const auto results = fanout_.publisher->Append(batch, Soon());
  for (int i = 1; i <= 1000; ++i) EXPECT_EQ(results[static_cast<size_t>(i - 1)]->position.offset, i);
  const auto history = fanout_.Read({.channel = kRoom, .limit = kMaxRead});
  ASSERT_EQ(history->entries.size(), 1000u);
  for (const Entry& entry : history->entries) EXPECT_EQ(entry.payload, absl::StrCat(entry.offset));
}

TEST_F(HistoryTest, WrongMessagesFailAloneAndABatchOverTheMaximumAsAWhole) {
  std::vector<Message> batch = {Plain("a"), Plain("b"), Plain("c")};
  batch[1].channel.name = "bad room";
  const auto results = fanout_.publisher->Append(batch, Soon());
  EXPECT_EQ(ReasonOf(results[1].status()), "FIELD_INVALID");
  EXPECT_EQ(results[2]->position.offset, 2);
  for (const auto& result : fanout_.publisher->Append(std::vector<Message>(kMaxBatch + 1, Plain("x")), Soon())) {
    ASSERT_EQ(ReasonOf(result.status()), "FIELD_INVALID");
  }
  EXPECT_TRUE(fanout_.publisher->Append({}, Soon()).empty());
  EXPECT_EQ(fanout_.reader->ReadPosition(kRoom, Soon())->offset, 2);
  EXPECT_EQ(fanout_.metrics.GetCounter(kMessages, {"", "INVALID_ARGUMENT"}).Value(), 1)
      << "what a caller made up is no label";
}

TEST_F(HistoryTest, KeepsAtLeastItsSizeAndAtMostANodeMore) {
  std::vector<Message> batch(1000, Plain("p"));
  for (Message& message : batch) message.history.size = 250;
  for (int i = 0; i < 3; ++i) fanout_.publisher->Append(batch, Soon());
  const int64_t length = Integer({"XLEN", KeyOf(Key::kHistory, kRoom)});
  EXPECT_GE(length, 250);
  EXPECT_LE(length, 350);
  const auto history = fanout_.Read({.channel = kRoom, .limit = kMaxRead});
  EXPECT_EQ(history->top.offset, 3000);
  EXPECT_EQ(history->entries.back().offset, 3000);
  EXPECT_EQ(history->entries.front().offset, 3001 - length);
}

TEST_F(HistoryTest, HistoryExpiresAndThePositionStays) {
  Message message = Plain("gone soon");
  message.history.ttl = absl::Milliseconds(1);
  const Position position = fanout_.Append(message)->position;
  EXPECT_TRUE(Eventually([&] { return fanout_.Read({.channel = kRoom})->entries.empty(); }));
  EXPECT_EQ(fanout_.Read({.channel = kRoom})->top, position);
  EXPECT_EQ(fanout_.Append(Plain("next"))->position, (Position{position.epoch, 2}));
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("2:0:next"));
  EXPECT_GT(Integer({"PTTL", KeyOf(Key::kMeta, kRoom)}), absl::ToInt64Milliseconds(absl::Hours(24 * 29)));
  EXPECT_GT(Integer({"PTTL", KeyOf(Key::kHistory, kRoom)}), 0);
  EXPECT_LE(Integer({"PTTL", KeyOf(Key::kHistory, kRoom)}), absl::ToInt64Milliseconds(absl::Minutes(10)));
}

TEST_F(HistoryTest, EvictedMetaBeginsANewEpochWithoutTheOldHistory) {
  const Position before = fanout_.publisher->Append({{Plain("a"), Plain("b")}}, Soon())[1]->position;
  ASSERT_EQ(Integer({"DEL", KeyOf(Key::kMeta, kRoom)}), 1);
  const auto lost = fanout_.Read({.channel = kRoom});
  EXPECT_EQ(lost->top, Position()) << "no state: the history that is left has no epoch";
  EXPECT_THAT(lost->entries, IsEmpty());
  const Position after = fanout_.Append(Plain("c"))->position;
  EXPECT_EQ(after.offset, 1);
  EXPECT_NE(after.epoch, before.epoch);
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:0:c"));
}

TEST_F(HistoryTest, IdempotencyKeyAnswersTheFirstPlace) {
  const Position first = fanout_.Append(Once("a", "k1"))->position;
  ASSERT_TRUE(fanout_.Append(Plain("b")).ok());
  const auto again = fanout_.Append(Once("other payload", "k1"));
  EXPECT_EQ(again->outcome, Outcome::kAlready);
  EXPECT_EQ(again->position, first);
  const auto both = fanout_.publisher->Append({{Once("c", "k2"), Once("c", "k2"), Once("d", "k3")}}, Soon());
  EXPECT_EQ(both[0]->outcome, Outcome::kDone);
  EXPECT_EQ(both[1]->outcome, Outcome::kAlready);
  EXPECT_EQ(both[1]->position, both[0]->position);
  EXPECT_EQ(both[2]->position.offset, 4);
  Message elsewhere = Once("e", "k1");
  elsewhere.channel.name = "room:r2";
  EXPECT_EQ(fanout_.Append(elsewhere)->outcome, Outcome::kDone) << "a key is one of its channel";
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:0:a", "2:0:b", "3:0:c", "4:0:d"));
}

TEST_F(HistoryTest, IdempotencyKeyIsForgottenAfterItsTtlAndOutlivesTheEpoch) {
  Message brief = Once("a", "brief");
  brief.idempotency_ttl = absl::Milliseconds(1);
  ASSERT_TRUE(fanout_.Append(brief).ok());
  EXPECT_TRUE(Eventually([&] { return fanout_.Append(brief)->outcome == Outcome::kDone; }));
  const Position kept = fanout_.Append(Once("b", "kept"))->position;
  ASSERT_EQ(Integer({"DEL", KeyOf(Key::kMeta, kRoom)}), 1);
  EXPECT_EQ(fanout_.Append(Once("b", "kept"))->position, kept);
}

TEST_F(HistoryTest, ReadsForwardsBackwardsAfterAPositionAndInPages) {
  std::vector<Message> batch;
  for (int i = 1; i <= 200; ++i) batch.push_back(Plain(absl::StrCat("m", i)));
  const std::string epoch = fanout_.publisher->Append(batch, Soon()).back()->position.epoch;
  const auto read = [&](std::optional<Position> since, int limit, bool reverse) {
    return Texts(fanout_.Read({.channel = kRoom, .since = since, .limit = limit, .reverse = reverse}));
  };
  EXPECT_THAT(read(std::nullopt, 2, false), ElementsAre("1:0:m1", "2:0:m2"));
  EXPECT_THAT(read(std::nullopt, 2, true), ElementsAre("200:0:m200", "199:0:m199"));
  EXPECT_THAT(read(Position{epoch, 198}, 300, false), ElementsAre("199:0:m199", "200:0:m200"));
  EXPECT_THAT(read(Position{epoch, 198}, 300, true), ElementsAre("200:0:m200", "199:0:m199"));
  EXPECT_THAT(read(Position{"", 199}, 300, false), ElementsAre("200:0:m200")) << "no epoch: in the channel's";
  EXPECT_THAT(read(Position{epoch, 200}, 300, false), IsEmpty());
  EXPECT_THAT(read(Position{epoch, 1000}, 300, false), IsEmpty());
  EXPECT_THAT(read(Position{"another", 1}, 300, false), IsEmpty());
  EXPECT_THAT(read(std::nullopt, 0, false), IsEmpty());
  for (const bool reverse : {false, true}) {
    const auto all = fanout_.Read({.channel = kRoom, .limit = 150, .reverse = reverse});
    ASSERT_EQ(all->entries.size(), 150u);
    for (size_t i = 0; i < 150; ++i) {
      const int64_t offset = reverse ? 200 - static_cast<int64_t>(i) : 1 + static_cast<int64_t>(i);
      ASSERT_EQ(all->entries[i].offset, offset) << "pages of a script's read must not overlap";
    }
  }
}

TEST_F(HistoryTest, AnswerEndsWithTheEntryThatReachesItsBytes) {
  std::vector<Message> batch(40, Plain(std::string(kMaxPayloadBytes, 'p')));
  fanout_.publisher->Append(batch, Soon());
  const auto history = fanout_.Read({.channel = kRoom, .limit = 40});
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_EQ(history->entries.size(), kMaxReadBytes / kMaxPayloadBytes);
  EXPECT_EQ(history->top.offset, 40);
  const std::vector<Query> many(kMaxReadBatchBytes / kMaxPayloadBytes, {.channel = kRoom, .limit = 40});
  for (const auto& share : fanout_.reader->Read(many, Soon())) {
    ASSERT_TRUE(share.ok()) << share.status();
    ASSERT_EQ(share->entries.size(), 1u);
  }
}

TEST_F(HistoryTest, ReadsManyChannelsAndRefusesWrongQueriesAlone) {
  ASSERT_TRUE(fanout_.Append(Plain("a")).ok());
  const std::vector<Query> queries = {{.channel = kRoom},
                                      {.channel = {"acme", "room:none"}},
                                      {.channel = {"acme", ""}},
                                      {.channel = kRoom, .limit = kMaxRead + 1},
                                      {.channel = kRoom, .limit = -1},
                                      {.channel = kRoom, .since = Position{"e", -1}},
                                      {.channel = kRoom, .since = Position{std::string(65, 'e'), 1}}};
  const auto histories = fanout_.reader->Read(queries, Soon());
  EXPECT_THAT(Texts(histories[0]), ElementsAre("1:0:a"));
  EXPECT_EQ(histories[1]->top, Position());
  for (size_t i = 2; i < queries.size(); ++i) EXPECT_EQ(ReasonOf(histories[i].status()), "FIELD_INVALID") << i;
  EXPECT_EQ(ReasonOf(fanout_.reader->Read(std::vector<Query>(kMaxQueries + 1), Soon()).back().status()),
            "FIELD_INVALID");
}

// Somebody else's data under our keys: an error, and nothing is destroyed or half written.
TEST_F(HistoryTest, ForeignDataIsAnErrorThatChangesNothing) {
  ASSERT_TRUE(fanout_.Append(Plain("a")).ok());
  ASSERT_TRUE(Run({"SET", KeyOf(Key::kHistory, kRoom), "not a stream"}).ok());
  EXPECT_FALSE(fanout_.Append(Plain("b")).ok());
  EXPECT_EQ(fanout_.reader->ReadPosition(kRoom, Soon())->offset, 1);
  EXPECT_FALSE(fanout_.Read({.channel = kRoom}).ok());
}

TEST_F(HistoryTest, FullRedisRefusesWholeAppendsAndStillReads) {
  ASSERT_TRUE(fanout_.Append(Plain("a")).ok());
  ASSERT_TRUE(redis_->RunOnAll({"CONFIG", "SET", "maxmemory", "1mb"}).ok());
  const absl::Status full = fanout_.Append(Plain("b")).status();
  ASSERT_TRUE(redis_->RunOnAll({"CONFIG", "SET", "maxmemory", "0"}).ok());
  EXPECT_EQ(ReasonOf(full), "REDIS_OUT_OF_MEMORY") << full;
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:0:a"));
  EXPECT_EQ(fanout_.Append(Plain("b"))->position.offset, 2);
}

}  // namespace
}  // namespace trivium::fanout
