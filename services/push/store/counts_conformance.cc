// What every engine does with LOSSY and ORDERED messages, whose counts come from gateways.
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/store/store_suite.h"

namespace trivium::push {
namespace {

const Target kRoom{TargetKind::kRoom, "math"};

TEST_F(CountsTest, CountsEachReportOnce) {
  const Message chat = Draft("", kRoom, MessageClass::kOrdered).draft;
  ASSERT_TRUE(store_.RecordMessages({&chat, 1}, Deadline())[0].ok());
  const CountReport report{product_, "gateway-1", 7, {{chat.id, 5, 2}, {chat.id, 1, 0}}, kNow};
  EXPECT_TRUE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  EXPECT_FALSE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  CountReport next = report;
  next.number = 6;
  EXPECT_TRUE(*store_.AddCounts({&next, 1}, Deadline())[0]);
  const Message after = Get(chat);
  EXPECT_EQ(after.state, MessageState::kSent);
  EXPECT_EQ(after.counts.accepted, 16);
  EXPECT_EQ(after.counts.acked, 12);
  EXPECT_EQ(after.counts.Dropped(DropReason::kSlowReader), 4);
  EXPECT_EQ(store_.SummarizeDay(product_, kDay, Deadline())->at(MessageClass::kOrdered).counts, after.counts);
}

TEST_F(CountsTest, CountsThatComeBeforeTheirMessageWaitForIt) {
  const Message like = Draft("", kRoom, MessageClass::kLossy).draft;
  const CountReport report{product_, "gateway-1", 1, {{like.id, 9, 1}}, kNow};
  EXPECT_TRUE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  EXPECT_EQ(ReasonOf(store_.GetMessage(product_, like.id, Deadline()).status()), "MESSAGE_NOT_FOUND");
  EXPECT_TRUE(store_.ListMessages(product_, {}, Deadline())->empty());
  EXPECT_EQ(ReasonOf(store_.MarkSent(product_, {{like.id}}, kNow, Deadline())[0].status()), "MESSAGE_NOT_FOUND");
  EXPECT_TRUE(store_.SummarizeDay(product_, kDay, Deadline())->empty());
  ASSERT_TRUE(store_.RecordMessages({&like, 1}, Deadline())[0].ok());
  ASSERT_TRUE(store_.RecordMessages({&like, 1}, Deadline())[0].ok());
  const Message after = Get(like);
  EXPECT_EQ(after.counts.accepted, 10);
  EXPECT_EQ(after.data, like.data);
  EXPECT_EQ(after.channel, "room:math");
  EXPECT_EQ(store_.SummarizeDay(product_, kDay, Deadline())->at(MessageClass::kLossy).messages, 1);
}

TEST_F(CountsTest, ReliableMessagesAreNotCountedByGateways) {
  MustJoin({"u1"});
  const Message m = MustAccept(Draft("request-1"));
  const CountReport report{product_, "gateway-1", 1, {{m.id, 9, 1}}, kNow};
  EXPECT_TRUE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  EXPECT_EQ(Get(m), m);
}

TEST_F(CountsTest, WhatIsScheduledIsNotCountedBeforeItIsSent) {
  NewMessage item = Draft("request-1", kRoom, MessageClass::kOrdered);
  item.draft.schedule_time = kNow + absl::Minutes(1);
  const Message m = MustAccept(item);
  const std::vector<CountReport> reports = {{product_, "gateway-1", 1, {{m.id, 9, 1}}, kNow},
                                            {product_, "gateway-1", 2, {{m.id, 5, 0}}, kNow}};
  EXPECT_TRUE(*store_.AddCounts({&reports[0], 1}, Deadline())[0]);
  EXPECT_EQ(Get(m), m);
  ASSERT_TRUE(Release(m, kNow + absl::Minutes(1)).ok());
  EXPECT_TRUE(*store_.AddCounts({&reports[1], 1}, Deadline())[0]);
  EXPECT_EQ(Get(m).counts.acked, 5);
}

TEST_F(CountsTest, ANegativeCountIsRefusedWithItsReport) {
  const Message chat = Draft("", kRoom, MessageClass::kOrdered).draft;
  ASSERT_TRUE(store_.RecordMessages({&chat, 1}, Deadline())[0].ok());
  const CountReport bad{product_, "gateway-1", 1, {{chat.id, 5, 0}, {chat.id, -1, 0}}, kNow};
  const CountReport good{product_, "gateway-1", 1, {{chat.id, 5, 0}}, kNow};
  const std::vector<CountReport> reports = {bad, good};
  const auto outcomes = store_.AddCounts(reports, Deadline());
  EXPECT_EQ(outcomes[0].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(*outcomes[1]);
  EXPECT_EQ(Get(chat).counts.accepted, 5);
}

TEST_F(CountsTest, RecordsManyAtOnce) {
  std::vector<Message> messages;
  std::vector<MessageCount> counts;
  for (int i = 0; i < 1200; ++i) {
    messages.push_back(Draft("", kRoom, i % 2 == 0 ? MessageClass::kLossy : MessageClass::kOrdered).draft);
    counts.push_back({messages.back().id, i, 1});
  }
  const CountReport report{product_, "gateway-1", 1, counts, kNow};
  EXPECT_TRUE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  messages.push_back(messages[0]);
  for (const absl::Status& status : store_.RecordMessages(messages, Deadline())) EXPECT_TRUE(status.ok()) << status;
  const DaySummary day = *store_.SummarizeDay(product_, kDay, Deadline());
  EXPECT_EQ(day.at(MessageClass::kLossy).messages, 600);
  EXPECT_EQ(day.at(MessageClass::kLossy).counts.accepted + day.at(MessageClass::kOrdered).counts.accepted,
            1200 * 1199 / 2 + 1200);
  EXPECT_EQ(Get(messages[7]).counts.acked, 7);
}

TEST_F(CountsTest, TheirMessagesHaveNoEventsAndCannotBeCanceled) {
  const Message chat = Draft("", kRoom, MessageClass::kOrdered).draft;
  ASSERT_TRUE(store_.RecordMessages({&chat, 1}, Deadline())[0].ok());
  EXPECT_EQ(ReasonOf(Cancel("cancel-1", chat).status()), "MESSAGE_NOT_CANCELABLE");
  EXPECT_TRUE(Events().empty());
  EXPECT_EQ(store_.RangeOfEvents(product_, Deadline())->newest, 0);
}

TEST_F(CountsTest, RecordsOfKeysArePurgedInTime) {
  const CountReport report{product_, "gateway-1", 1, {}, kNow - absl::Hours(24 * 20)};
  EXPECT_TRUE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  EXPECT_FALSE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  const absl::Time old = kNow - absl::Hours(24 * 10);
  ASSERT_TRUE(store_.PurgeRecords(old - absl::Hours(24 * 20), 1000, Deadline()).ok());
  EXPECT_FALSE(*store_.AddCounts({&report, 1}, Deadline())[0]);
  EXPECT_GE(*store_.PurgeRecords(old, 1000, Deadline()), 1);
  EXPECT_TRUE(*store_.AddCounts({&report, 1}, Deadline())[0]);
}

}  // namespace
}  // namespace trivium::push
