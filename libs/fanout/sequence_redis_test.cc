// RELIABLE messages: sequences, restoring, and races between those who do it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/fanout/metrics.h"
#include "libs/fanout/recording_listener.h"
#include "libs/fanout/test_fanout.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

using testing::ElementsAre;

const Channel kRoom{"acme", "room:r1"};
const HistoryOptions kLong{.size = kMaxHistorySize, .ttl = absl::Hours(1)};

Message Plain(const std::string& payload) { return {.channel = kRoom, .payload = payload, .history = kLong}; }
std::string PayloadOf(int64_t sequence) { return absl::StrCat("m", sequence); }
Message Sequenced(int64_t sequence) {
  return {.channel = kRoom, .payload = PayloadOf(sequence), .history = kLong, .sequence = sequence};
}
// All of after < s <= through.
Restoration Whole(int64_t after, int64_t through, bool publish) {
  Restoration restoration{.channel = kRoom, .history = kLong, .after = after, .through = through, .publish = publish};
  for (int64_t s = after + 1; s <= through; ++s)
    restoration.entries.push_back({.sequence = s, .payload = PayloadOf(s)});
  return restoration;
}

class SequenceTest : public RedisSuite {
 protected:
  absl::StatusOr<Result> Restore(const Restoration& restoration) {
    return fanout_.publisher->Restore(restoration, Soon());
  }

  TestFanout fanout_{redis_->client_options()};
};

TEST_F(SequenceTest, AppendsTheNextAnswersDuplicatesRefusesGaps) {
  EXPECT_EQ(fanout_.Append(Sequenced(1))->outcome, Outcome::kDone) << "the first of all needs no restoring";
  ASSERT_TRUE(fanout_.Append(Plain("x")).ok());
  const auto second = fanout_.Append(Sequenced(2));
  EXPECT_EQ(second->position.offset, 3);
  EXPECT_EQ(second->last_sequence, 2);
  for (const int64_t sequence : {1, 2}) {
    const auto again = fanout_.Append(Sequenced(sequence));
    EXPECT_EQ(again->outcome, Outcome::kAlready);
    EXPECT_EQ(again->position, (Position{second->position.epoch, sequence == 1 ? 1 : 3}));
    EXPECT_EQ(again->last_sequence, 2);
  }
  const auto gap = fanout_.Append(Sequenced(4));
  EXPECT_EQ(gap->outcome, Outcome::kNeedRestore);
  EXPECT_EQ(gap->last_sequence, 2);
  EXPECT_EQ(gap->position, second->position);
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:1:m1", "2:0:x", "3:2:m2"));
}

TEST_F(SequenceTest, OffsetOfAnOldDuplicateIsZeroWhenItIsNoLongerAmongTheNewest) {
  ASSERT_TRUE(fanout_.Append(Sequenced(1)).ok());
  fanout_.publisher->Append(std::vector<Message>(100, Plain("x")), Soon());
  const auto again = fanout_.Append(Sequenced(1));
  EXPECT_EQ(again->outcome, Outcome::kAlready);
  EXPECT_EQ(again->position.offset, 0);
}

TEST_F(SequenceTest, InABatchWhatFollowsAGapIsRefusedAndTheRestGoesOn) {
  const auto results = fanout_.publisher->Append(
      {{Sequenced(1), Sequenced(3), Plain("x"), Sequenced(4), Sequenced(2), Sequenced(3)}}, Soon());
  std::vector<Outcome> outcomes;
  for (const auto& result : results) outcomes.push_back(result->outcome);
  EXPECT_THAT(outcomes, ElementsAre(Outcome::kDone, Outcome::kNeedRestore, Outcome::kDone, Outcome::kNeedRestore,
                                    Outcome::kDone, Outcome::kDone));
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:1:m1", "2:0:x", "3:2:m2", "4:3:m3"));
  EXPECT_EQ(fanout_.metrics.GetCounter(kMessages, {"acme", "need_restore"}).Value(), 2);
}

TEST_F(SequenceTest, DuplicatesAndGapsPublishNothing) {
  RecordingListener recorder;
  const auto receiver = fanout_.Listen(recorder);
  ASSERT_EQ(receiver->Subscribe({kRoom}), absl::OkStatus());
  recorder.AwaitSubscribed(1);
  for (const int64_t sequence : {1, 1, 3, 2, 1, 2, 9, 3}) ASSERT_TRUE(fanout_.Append(Sequenced(sequence)).ok());
  std::vector<std::string> heard;
  for (const Heard& h : recorder.AwaitHeard(3)) heard.push_back(absl::StrCat(h.position.offset, ":", h.sequence));
  EXPECT_THAT(heard, ElementsAre("1:1", "2:2", "3:3"));
}

TEST_F(SequenceTest, LostStateIsRestoredInOrderAndTheAppenderGoesOn) {
  for (int64_t s = 1; s <= 3; ++s) ASSERT_TRUE(fanout_.Append(Sequenced(s)).ok());
  const std::string old_epoch = fanout_.reader->ReadPosition(kRoom, Soon())->epoch;
  ASSERT_EQ(redis_->Flush(), absl::OkStatus());
  const auto need = fanout_.Append(Sequenced(4));
  EXPECT_EQ(need->outcome, Outcome::kNeedRestore);
  EXPECT_EQ(need->last_sequence, 0);
  EXPECT_EQ(need->position, Position());
  EXPECT_EQ(redis_->CountKeys().value(), 0) << "NEED_RESTORE changes nothing";
  const auto restored = Restore(Whole(0, 3, false));
  EXPECT_EQ(restored->outcome, Outcome::kDone);
  EXPECT_EQ(restored->position.offset, 3);
  EXPECT_NE(restored->position.epoch, old_epoch);
  EXPECT_EQ(fanout_.Append(Sequenced(4))->outcome, Outcome::kDone);
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:1:m1", "2:2:m2", "3:3:m3", "4:4:m4"));
}

TEST_F(SequenceTest, RestoresOnlyWhatIsWorthItAndRecordsTheRest) {
  Restoration restoration{.channel = kRoom, .after = 0, .through = 9, .entries = {{4, "m4"}, {7, "m7"}}};
  EXPECT_EQ(Restore(restoration)->last_sequence, 9);
  EXPECT_EQ(fanout_.Append(Sequenced(10))->outcome, Outcome::kDone) << "8 and 9 had expired";
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:4:m4", "2:7:m7", "3:10:m10"));
  ASSERT_EQ(redis_->Flush(), absl::OkStatus());
  restoration.entries.clear();
  EXPECT_EQ(Restore(restoration)->outcome, Outcome::kDone);
  const auto next = fanout_.Append(Sequenced(10));
  EXPECT_EQ(next->outcome, Outcome::kDone) << "nothing was left, and that is known now";
  EXPECT_EQ(next->position.offset, 1);
}

TEST_F(SequenceTest, RestoreAfterOrderedMessagesOfTheNewEpochGoesBehindThem) {
  ASSERT_TRUE(fanout_.Append(Plain("x")).ok());
  EXPECT_EQ(fanout_.Append(Sequenced(3))->outcome, Outcome::kNeedRestore);
  EXPECT_EQ(Restore(Whole(0, 2, false))->position.offset, 3);
  EXPECT_EQ(fanout_.Append(Sequenced(3))->outcome, Outcome::kDone);
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})), ElementsAre("1:0:x", "2:1:m1", "3:2:m2", "4:3:m3"));
}

TEST_F(SequenceTest, RestoreIsACompareOnTheLastSequence) {
  EXPECT_EQ(Restore(Whole(5, 9, false))->outcome, Outcome::kNeedRestore) << "nothing is there: 1-5 are missing";
  EXPECT_EQ(redis_->CountKeys().value(), 0);
  EXPECT_EQ(Restore(Whole(0, 6, false))->outcome, Outcome::kDone);
  EXPECT_EQ(Restore(Whole(0, 6, false))->outcome, Outcome::kAlready);
  EXPECT_EQ(Restore(Whole(0, 4, false))->outcome, Outcome::kAlready);
  EXPECT_EQ(Restore(Whole(3, 8, false))->outcome, Outcome::kDone) << "7 and 8 are new";
  EXPECT_EQ(Restore(Whole(9, 12, false))->last_sequence, 8) << "9 is missing";
  EXPECT_THAT(Texts(fanout_.Read({.channel = kRoom})),
              ElementsAre("1:1:m1", "2:2:m2", "3:3:m3", "4:4:m4", "5:5:m5", "6:6:m6", "7:7:m7", "8:8:m8"));
}

TEST_F(SequenceTest, RestoredEntriesArePublishedOnlyWhenAsked) {
  RecordingListener recorder;
  const auto receiver = fanout_.Listen(recorder);
  ASSERT_EQ(receiver->Subscribe({kRoom}), absl::OkStatus());
  recorder.AwaitSubscribed(1);
  ASSERT_TRUE(Restore(Whole(0, 2, false)).ok());
  ASSERT_TRUE(Restore(Whole(2, 4, true)).ok());
  ASSERT_TRUE(fanout_.Append(Sequenced(5)).ok());
  const auto heard = recorder.AwaitHeard(3);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[0].kind, Kind::kRestored);
  EXPECT_EQ(heard[0].position.offset, 3);
  EXPECT_EQ(heard[0].payload, "m3");
  EXPECT_EQ(heard[1].sequence, 4);
  EXPECT_EQ(heard[2].kind, Kind::kAppended);
}

TEST_F(SequenceTest, WrongRestorationsAreRefusedBeforeAnythingIsWritten) {
  Restoration wrong = Whole(0, 300, false);
  wrong.entries[299].sequence = 1;
  EXPECT_EQ(ReasonOf(Restore(wrong).status()), "FIELD_INVALID");
  EXPECT_EQ(redis_->CountKeys().value(), 0);
}

// Works on the caller's order from `next` on until all is there, as a relay of push does: no lease, no memory.
void Relay(TestFanout& fanout, int64_t next, int64_t all, bool publish, std::atomic<int>* failures) {
  while (next <= all) {
    const auto result = fanout.Append(Sequenced(next));
    if (!result.ok()) {
      ++*failures;
      return;
    }
    if (result->outcome != Outcome::kNeedRestore) {
      ++next;
      continue;
    }
    const auto restored = fanout.publisher->Restore(Whole(result->last_sequence, next - 1, publish), Soon());
    if (!restored.ok()) ++*failures;
  }
}

// Offsets and sequences without a gap, each once, in every epoch; an epoch that ended never comes back.
void ExpectOrderInEachEpoch(const std::vector<Heard>& heard) {
  std::string epoch;
  std::set<std::string> epochs;
  int64_t offset = 0, sequence = 0;
  for (const Heard& h : heard) {
    if (h.position.epoch != epoch) {
      EXPECT_TRUE(epochs.insert(h.position.epoch).second) << "an epoch that ended came back";
      epoch = h.position.epoch;
      offset = sequence = 0;
    }
    ASSERT_EQ(h.position.offset, offset + 1);
    offset = h.position.offset;
    if (h.sequence == 0) continue;
    ASSERT_EQ(h.sequence, sequence + 1);
    sequence = h.sequence;
    ASSERT_EQ(h.payload, PayloadOf(sequence));
  }
}

// Three relays, two of them late, an appender of other messages, and a Redis that forgets everything now and then.
TEST_F(SequenceTest, RelaysWithoutLeaseLeaveNoGapNoDuplicateAndKeepTheOrder) {
  constexpr int64_t kAll = 1500;
  RecordingListener recorder;
  const auto receiver = fanout_.Listen(recorder);
  ASSERT_EQ(receiver->Subscribe({kRoom}), absl::OkStatus());
  recorder.AwaitSubscribed(1);
  std::atomic<int> failures{0}, done{0};
  std::vector<std::thread> threads;
  for (const int64_t start : {int64_t{1}, kAll / 3, kAll / 2}) {
    threads.emplace_back([&, start] {
      Relay(fanout_, start, kAll, true, &failures);
      ++done;
    });
  }
  std::thread other([&] {
    // Fewer than a history holds, so that its start can be checked.
    for (int i = 0; i < 5000 && done < 3; ++i) failures += fanout_.Append(Plain("x")).ok() ? 0 : 1;
  });
  std::thread wiper([&] {
    for (int64_t at = kAll / 5; at < kAll; at += kAll / 5) {
      Eventually([&] { return done > 0 || fanout_.Read({.channel = kRoom, .limit = 0})->last_sequence >= at; });
      if (done == 0 && !fanout_.client->Call({{"FLUSHALL"}}, Soon()).ok()) ++failures;
    }
  });
  for (std::thread& thread : threads) thread.join();
  other.join();
  wiper.join();
  EXPECT_EQ(failures, 0);
  // A relay that was done before the last wipe has nothing to restore from: one more message tells.
  Relay(fanout_, kAll + 1, kAll + 1, true, &failures);

  std::vector<int64_t> sequences;
  const Position top = fanout_.reader->ReadPosition(kRoom, Soon()).value();
  Position since{top.epoch, 0};
  while (since.offset < top.offset) {
    const auto page = fanout_.Read({.channel = kRoom, .since = since, .limit = kMaxRead});
    ASSERT_TRUE(page.ok() && !page->entries.empty()) << page.status();
    for (const Entry& entry : page->entries) {
      ASSERT_EQ(entry.offset, ++since.offset);
      if (entry.sequence > 0) sequences.push_back(entry.sequence);
    }
  }
  ASSERT_EQ(sequences.size(), static_cast<size_t>(kAll + 1));
  for (int64_t s = 1; s <= kAll + 1; ++s) ASSERT_EQ(sequences[static_cast<size_t>(s - 1)], s);
  ASSERT_TRUE(Eventually([&] {
    const auto heard = recorder.AwaitHeard(1);
    return heard.back().position == top;
  }));
  ExpectOrderInEachEpoch(recorder.AwaitHeard(0));
}

}  // namespace
}  // namespace trivium::fanout
