#include "libs/fanout/history_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/fanout/history_script.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

using redis::Reply;
using testing::ElementsAre;
using testing::HasSubstr;

const Channel kRoom{"acme", "room:r1"};
constexpr absl::Duration kMetaTtl = absl::Hours(720);

Message With(int64_t sequence, const std::string& key) {
  return {.channel = kRoom, .payload = "p", .sequence = sequence, .idempotency_key = key};
}

TEST(HistoryCommandTest, AppendIsRepeatableOnlyWhenEachMessageIs) {
  const struct {
    std::vector<Message> messages;
    bool idempotent;
  } kCases[] = {
      {{With(0, "")}, false},
      {{With(1, "")}, true},
      {{With(0, "k")}, true},
      {{With(1, ""), With(0, "k")}, true},
      {{With(1, ""), With(0, "")}, false},
  };
  for (const auto& [messages, idempotent] : kCases) {
    AppendCall call(messages.size());
    for (size_t i = 0; i < call.size(); ++i) call[i] = i;
    EXPECT_EQ(AppendCommand(messages, call, "e", kMetaTtl).idempotent, idempotent);
  }
}

TEST(HistoryCommandTest, AppendRoutesByTheChannelAndNamesItsOnceKeys) {
  const std::vector<Message> messages = {With(0, "k1"), With(7, ""), With(0, "k2")};
  const redis::Command command = AppendCommand(messages, {0, 1, 2}, "e1", kMetaTtl);
  EXPECT_EQ(*command.routing_key(), "fanout:meta:{acme/room:r1}");
  EXPECT_THAT(
      command.arguments,
      ElementsAre("EVALSHA", AppendScript().sha1(), "4", "fanout:meta:{acme/room:r1}", "fanout:history:{acme/room:r1}",
                  "fanout:once:{acme/room:r1}:k1", "fanout:once:{acme/room:r1}:k2", "fanout:events:{acme/room:r1}",
                  "e1", "300", "600000", "2592000000", "0", "3600000", "p", "7", "0", "p", "0", "3600000", "p"));
}

std::vector<std::tuple<size_t, size_t, int64_t, int64_t>> Chunks(const Restoration& restoration) {
  std::vector<std::tuple<size_t, size_t, int64_t, int64_t>> chunks;
  for (const RestoreChunk& c : PlanRestore(restoration)) chunks.emplace_back(c.first, c.last, c.after, c.through);
  return chunks;
}

TEST(HistoryCommandTest, RestoreChunksCoverTheRangeWithoutAHole) {
  Restoration restoration{.channel = kRoom, .after = 10, .through = 1000};
  EXPECT_THAT(Chunks(restoration), ElementsAre(std::tuple(0, 0, 10, 1000))) << "nothing left is still to be recorded";
  for (int64_t i = 0; i < 300; ++i) restoration.entries.push_back({.sequence = 20 + 2 * i, .payload = "p"});
  EXPECT_THAT(Chunks(restoration), ElementsAre(std::tuple(0, 128, 10, 274), std::tuple(128, 256, 274, 530),
                                               std::tuple(256, 300, 530, 1000)));
  restoration.entries.resize(128);
  EXPECT_THAT(Chunks(restoration), ElementsAre(std::tuple(0, 128, 10, 1000)));
  restoration.entries.resize(5);
  for (SequencedPayload& entry : restoration.entries) entry.payload.resize(kMaxPayloadBytes);
  EXPECT_THAT(Chunks(restoration), ElementsAre(std::tuple(0, 4, 10, 26), std::tuple(4, 5, 26, 1000)));
}

Reply Text(const std::string& text) { return Reply::OfString(text); }
Reply AnswerOf(int64_t code, const std::string& offset) {
  return Reply::OfArray({Reply::OfInteger(code), Text("e1"), Text(offset), Text("4")});
}

TEST(HistoryCommandTest, ReadsTheAnswersOfTheScripts) {
  const auto results = ParseAppend(Reply::OfArray({AnswerOf(1, "7"), AnswerOf(2, "0"), AnswerOf(3, "9")}), 3);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ((*results)[0].outcome, Outcome::kDone);
  EXPECT_EQ((*results)[0].position, (Position{"e1", 7}));
  EXPECT_EQ((*results)[1].outcome, Outcome::kAlready);
  EXPECT_EQ((*results)[2].outcome, Outcome::kNeedRestore);
  EXPECT_EQ((*results)[2].last_sequence, 4);
}

TEST(HistoryCommandTest, RefusesAnswersThatNoScriptGives) {
  const Reply kWrong[] = {
      Reply(),
      Reply::OfInteger(1),
      Text("OK"),
      Reply::OfArray({}),
      Reply::OfArray({AnswerOf(0, "1")}),
      Reply::OfArray({AnswerOf(4, "1")}),
      Reply::OfArray({AnswerOf(1, "-1")}),
      Reply::OfArray({AnswerOf(1, "1e3")}),
      Reply::OfArray({AnswerOf(1, "9007199254740993")}),
      Reply::OfArray({AnswerOf(1, "99999999999999999999")}),
      Reply::OfArray({AnswerOf(1, "1"), AnswerOf(1, "2")}),
      Reply::OfArray({Reply::OfArray({Reply::OfInteger(1), Reply(), Text("1"), Text("1")})}),
      Reply::OfArray({Reply::OfArray({Reply::OfInteger(1), Text("e"), Text("1")})}),
  };
  for (const Reply& reply : kWrong) EXPECT_EQ(ReasonOf(ParseAppend(reply, 1).status()), "REDIS_REPLY_UNEXPECTED");
}

Reply HistoryOf(const std::string& id, std::vector<Reply> fields) {
  const Reply entry = Reply::OfArray({Text(id), Reply::OfArray(std::move(fields))});
  return Reply::OfArray({Text("e1"), Text("9"), Text("4"), Reply::OfArray({entry})});
}

TEST(HistoryCommandTest, ReadsAHistoryAndRefusesForeignStreams) {
  const auto history = ParseHistory(HistoryOf("9-0", {Text("s"), Text("4"), Text("d"), Text(std::string(1, '\0'))}));
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_EQ(history->top, (Position{"e1", 9}));
  ASSERT_EQ(history->entries.size(), 1u);
  EXPECT_EQ(history->entries[0].payload, std::string(1, '\0'));
  for (const char* id : {"9-1", "9", "-0", "0-0", "x-0", "", "9007199254740993-0"}) {
    const auto wrong = ParseHistory(HistoryOf(id, {Text("s"), Text("4"), Text("d"), Text("p")}));
    EXPECT_EQ(ReasonOf(wrong.status()), "REDIS_REPLY_UNEXPECTED") << id;
  }
  for (const auto& fields : {std::vector<Reply>{}, std::vector<Reply>{Text("a"), Text("b")},
                             std::vector<Reply>{Text("s"), Text("x"), Text("d"), Text("p")}}) {
    EXPECT_EQ(ReasonOf(ParseHistory(HistoryOf("9-0", fields)).status()), "REDIS_REPLY_UNEXPECTED");
  }
}

TEST(HistoryCommandTest, ReadSaysWhatItWants) {
  EXPECT_THAT(ReadCommand({.channel = kRoom, .since = Position{"e1", 5}, .limit = 7, .reverse = true}, 99).arguments,
              ElementsAre("EVALSHA", ReadScript().sha1(), "2", "fanout:meta:{acme/room:r1}",
                          "fanout:history:{acme/room:r1}", "e1", "5", "7", "1", "99"));
}

}  // namespace
}  // namespace trivium::fanout
