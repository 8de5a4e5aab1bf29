#include "services/push/domain/message_rules.h"

#include <gtest/gtest.h>

namespace trivium::push {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1795334400);

Message Draft(MessageClass message_class = MessageClass::kReliable) {
  Message m;
  m.target = {TargetKind::kRoom, "math"};
  m.message_class = message_class;
  m.create_time = kNow;
  m.day = "2026-11-22";
  m.ack_timeout = absl::Seconds(5);
  return m;
}

TEST(MessageRulesTest, AnIdSaysWhenItWasMade) {
  Id id;
  id.bytes = {0x01, 0xa2, 0x03, 0x04, 0x05, 0x06, 0x7f, 0xff};  // 48 bits of milliseconds, big-endian; then version 7.
  EXPECT_EQ(TimeOf(id), absl::FromUnixMillis(0x01a203040506));
  EXPECT_EQ(TimeOf(Id()), absl::UnixEpoch());
}

TEST(MessageRulesTest, AChannelFollowsFromTheTarget) {
  EXPECT_EQ(ChannelOf({TargetKind::kUser, "u1"}), "user:u1");
  EXPECT_EQ(ChannelOf({TargetKind::kRoom, "math"}), "room:math");
  EXPECT_EQ(ChannelOf({TargetKind::kProduct, ""}), "product");
  EXPECT_EQ(ChannelOf({TargetKind::kAudience, "grade=7"}), "");
}

TEST(MessageRulesTest, GoesItsWayAndTellsEachStep) {
  std::vector<Message> told;
  Message m = FirstState(Draft());
  EXPECT_EQ(m.state, MessageState::kAccepted);
  EXPECT_EQ(m.version, 1);
  EXPECT_EQ(m.channel, "room:math");
  Apply(m, AcceptedChange(2), kNow, &told);
  EXPECT_TRUE(Send(m, kNow, &told));
  EXPECT_FALSE(Send(m, kNow, &told));
  Apply(m, MoveChange(DeliveryState::kPending, DeliveryState::kVendor, 1), kNow, &told);
  EXPECT_EQ(m.state, MessageState::kSent);
  Apply(m, MoveChange(DeliveryState::kPending, DeliveryState::kAcked, 1), kNow + absl::Seconds(9), &told);
  EXPECT_EQ(m.state, MessageState::kCompleted);
  EXPECT_EQ(m.update_time, kNow + absl::Seconds(9));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1], m);
  // A late acknowledgement changes the ledger, not the state.
  Apply(m, MoveChange(DeliveryState::kVendor, DeliveryState::kAcked, 1), kNow, &told);
  EXPECT_EQ(m.version, 3);
  EXPECT_EQ(told.size(), 2u);
  EXPECT_TRUE(IsLedger(m.counts));
}

TEST(MessageRulesTest, WhatNobodyWaitsForIsCompletedWhenItIsSent) {
  std::vector<Message> told;
  Message m = FirstState(Draft());
  Apply(m, AcceptedChange(1), kNow, &told);
  Apply(m, MoveChange(DeliveryState::kPending, DeliveryState::kAcked, 1), kNow, &told);
  EXPECT_EQ(m.state, MessageState::kAccepted);
  Send(m, kNow, &told);
  EXPECT_EQ(m.state, MessageState::kCompleted);
  EXPECT_EQ(m.version, 3);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].state, MessageState::kSent);
}

TEST(MessageRulesTest, OtherClassesStaySentAndAreNotTold) {
  std::vector<Message> told;
  Message m = FirstState(Draft(MessageClass::kOrdered));
  Send(m, kNow, &told);
  EXPECT_EQ(m.state, MessageState::kSent);
  EXPECT_TRUE(told.empty());
  Message scheduled = Draft(MessageClass::kLossy);
  scheduled.schedule_time = kNow + absl::Hours(1);
  scheduled = FirstState(scheduled);
  EXPECT_EQ(scheduled.state, MessageState::kScheduled);
  EXPECT_FALSE(Send(scheduled, kNow, &told));
  EXPECT_TRUE(Move(scheduled, MessageState::kAccepted, kNow, &told));
  EXPECT_EQ(told.size(), 1u);
}

TEST(MessageRulesTest, ARepeatedPublishIsAnsweredAsTheFirst) {
  std::vector<Message> told;
  Message m = FirstState(Draft());
  m.sequence = 4;
  Apply(m, AcceptedChange(3), kNow, &told);
  const Message created = m;
  Send(m, kNow + absl::Seconds(1), &told);
  Cancel(m, 3, kNow + absl::Seconds(2), &told);
  EXPECT_EQ(AsCreated(m), created);

  Message scheduled = Draft();
  scheduled.schedule_time = kNow + absl::Hours(1);
  scheduled.day.clear();
  const Message first = FirstState(scheduled);
  Message later = first;
  later.sequence = 9;
  later.day = "2026-11-23";
  Move(later, MessageState::kAccepted, kNow + absl::Hours(1), &told);
  Apply(later, AcceptedChange(3), kNow + absl::Hours(1), &told);
  EXPECT_EQ(AsCreated(later), first);
}

TEST(MessageRulesTest, CancelEndsWhatHasNotEnded) {
  const struct {
    MessageClass message_class;
    MessageState state;
    CancelVerdict verdict;
  } kCases[] = {
      {MessageClass::kReliable, MessageState::kScheduled, CancelVerdict::kCancel},
      {MessageClass::kReliable, MessageState::kAccepted, CancelVerdict::kCancel},
      {MessageClass::kReliable, MessageState::kSent, CancelVerdict::kCancel},
      {MessageClass::kReliable, MessageState::kCompleted, CancelVerdict::kAlready},
      {MessageClass::kReliable, MessageState::kCanceled, CancelVerdict::kAlready},
      {MessageClass::kOrdered, MessageState::kScheduled, CancelVerdict::kCancel},
      {MessageClass::kOrdered, MessageState::kAccepted, CancelVerdict::kCancel},
      {MessageClass::kOrdered, MessageState::kSent, CancelVerdict::kNotCancelable},
      {MessageClass::kLossy, MessageState::kSent, CancelVerdict::kNotCancelable},
  };
  for (const auto& c : kCases) {
    Message m = Draft(c.message_class);
    m.state = c.state;
    EXPECT_EQ(CheckCancel(m), c.verdict) << ClassName(c.message_class) << " " << StateName(c.state);
  }
  std::vector<Message> told;
  Message m = FirstState(Draft());
  Apply(m, AcceptedChange(3), kNow, &told);
  Send(m, kNow, &told);
  Cancel(m, 3, kNow, &told);
  EXPECT_EQ(m.state, MessageState::kCanceled);
  EXPECT_EQ(m.counts.Dropped(DropReason::kCanceled), 3);
  EXPECT_TRUE(IsLedger(m.counts));
}

TEST(MessageRulesTest, DeliveriesAreDueUntilTheyAreNotPending) {
  Message m = FirstState(Draft());
  m.vendor_after = absl::Minutes(1);
  Delivery d = NewDelivery(m, "u1", kNow);
  EXPECT_EQ(d.channel, "room:math");
  EXPECT_EQ(d.next_attempt_time, kNow + absl::Seconds(5));
  EXPECT_EQ(d.vendor_time, kNow + absl::Minutes(1));
  EXPECT_TRUE(Move(d, DeliveryState::kVendor, kNow + absl::Minutes(1)));
  EXPECT_EQ(d.next_attempt_time, absl::InfiniteFuture());
  EXPECT_EQ(d.vendor_time, absl::InfiniteFuture());
  EXPECT_FALSE(Move(d, DeliveryState::kExpired, kNow));
  EXPECT_TRUE(Move(d, DeliveryState::kAcked, kNow));
  m.target = {TargetKind::kAudience, "grade=7"};
  m.vendor_after = absl::ZeroDuration();
  EXPECT_EQ(NewDelivery(m, "u1", kNow).channel, "user:u1");
  EXPECT_EQ(NewDelivery(m, "u1", kNow).vendor_time, absl::InfiniteFuture());
}

TEST(MessageRulesTest, RepeatsBackOff) {
  const int64_t kSeconds[] = {5, 10, 20, 40, 80, 160, 320, 600, 600};
  for (int attempts = 1; attempts <= 9; ++attempts) {
    EXPECT_EQ(RepeatDelay(absl::Seconds(5), attempts), absl::Seconds(kSeconds[attempts - 1])) << attempts;
  }
  EXPECT_EQ(RepeatDelay(absl::Seconds(5), 1'000'000), kRepeatDelayMax);
  EXPECT_EQ(RepeatDelay(absl::Hours(2), 1), kRepeatDelayMax);
}

}  // namespace
}  // namespace trivium::push
