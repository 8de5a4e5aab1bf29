#include "examples/school-day/message_invariants.h"

#include <gtest/gtest.h>

#include "examples/school-day/message_fold.h"

namespace trivium::schoolday {
namespace {

using Kind = ClientEvent::Kind;

ClientEvent Got(int number, const std::string& id, const std::string& message_class, uint64_t offset) {
  ClientEvent e{Kind::kMessage, "room:r", 1000 + number};
  e.number = number;
  e.message_id = id;
  e.message_class = message_class;
  e.offset = offset;
  return e;
}

ClientEvent Joined(uint64_t offset, int64_t time_ms, bool was_recovering = false, bool recovered = false) {
  ClientEvent e{Kind::kJoined, "room:r", time_ms};
  e.offset = offset;
  e.was_recovering = was_recovering;
  e.recovered = recovered;
  return e;
}

// One room; messages: 1 a roll call, 2 and 3 chat, 4 a like, 5 scheduled and canceled. Student s1 saw all, s2 was away
// for the roll call, which went to a vendor.
MessageDayRecord GoodDay() {
  MessageDayRecord day;
  day.product = "acme";
  day.run_id = "d1";
  const auto add = [&](MessageKind kind, MessageClass message_class, Special special, DeliveryView delivery,
                       std::vector<RecipientView> recipients) {
    MessageRecord m;
    m.plan.number = static_cast<int>(day.messages.size()) + 1;
    m.plan.kind = kind;
    m.plan.message_class = message_class;
    m.plan.special = special;
    m.plan.target_value = "r";
    if (message_class == MessageClass::kReliable) m.plan.recipients = {"s1", "s2"};
    m.message_id = "msg_" + std::to_string(m.plan.number);
    m.begin_ms = 900 + m.plan.number;
    m.tries = 1;
    m.found = true;
    m.view = {m.message_id, ClassName(message_class), "SENT", 3};
    m.delivery = std::move(delivery);
    m.recipients = std::move(recipients);
    day.messages.push_back(std::move(m));
  };
  add(MessageKind::kRollCall, MessageClass::kReliable, Special::kNone, {.accepted = 2, .acked = 1, .vendor = 1},
      {{"s1", "ACKED", ""}, {"s2", "VENDOR", ""}});
  add(MessageKind::kChat, MessageClass::kOrdered, Special::kNone, {.accepted = 2, .acked = 2}, {});
  add(MessageKind::kChat, MessageClass::kOrdered, Special::kNone, {.accepted = 2, .acked = 2}, {});
  add(MessageKind::kLike, MessageClass::kLossy, Special::kNone,
      {.accepted = 2, .acked = 1, .dropped = {{"SLOW_READER", 1}}}, {});
  add(MessageKind::kQuiz, MessageClass::kReliable, Special::kScheduledCanceled, {}, {});
  day.messages[0].view.state = "COMPLETED";
  day.messages[4].view.state = "CANCELED";
  day.messages[4].canceled = true;
  day.messages[4].scheduled_ms = 99'999;

  StudentRecord s1;
  s1.plan.student_id = "s1";
  s1.plan.rooms = {"r"};
  s1.events = {Joined(10, 500), Got(1, "msg_1", "RELIABLE", 11), Got(2, "msg_2", "ORDERED", 12),
               Got(3, "msg_3", "ORDERED", 13), Got(4, "msg_4", "LOSSY", 0)};
  StudentRecord s2;
  s2.plan.student_id = "s2";
  s2.plan.rooms = {"r"};
  s2.events = {Joined(10, 500), {Kind::kLost, "", 501}, Joined(13, 2000, true, false)};
  day.students = {s1, s2};
  for (const int i : {0, 4}) day.by_events[day.messages[i].message_id] = day.messages[i].view;
  day.before = {"2026-11-27", {{"RELIABLE", {5, {.accepted = 5, .acked = 5}}}}};
  day.after = {"2026-11-27",
               {{"RELIABLE", {6, {.accepted = 7, .acked = 6, .vendor = 1}}},
                {"ORDERED", {2, {.accepted = 4, .acked = 4}}},
                {"LOSSY", {1, {.accepted = 2, .acked = 1, .dropped = {{"SLOW_READER", 1}}}}}}};
  return day;
}

struct Case {
  const char* name;
  void (*spoil)(MessageDayRecord&);
  const char* sentence;  // Part of one.
};

TEST(MessageInvariants, AGoodDayHasNoSentence) { EXPECT_EQ(CheckAllMessages({GoodDay()}), std::vector<std::string>{}); }

TEST(MessageInvariants, EachSpoiledDayIsFound) {
  const Case cases[] = {
      {"message ledger", [](MessageDayRecord& d) { d.messages[1].delivery.acked = 1; },
       "msg_2 (ORDERED chat 2, plain): 2 accepted"},
      {"recipients", [](MessageDayRecord& d) { d.messages[0].recipients.pop_back(); }, "ListRecipients 1 accepted"},
      {"day ledger", [](MessageDayRecord& d) { d.after.classes["LOSSY"].delivery.acked = 5; }, "the day's LOSSY"},
      {"day too small", [](MessageDayRecord& d) { d.after.classes["ORDERED"].messages = 1; },
       "the day has 1 more ORDERED messages, want 2"},
      {"reliable not there",
       [](MessageDayRecord& d) {
         d.messages[0].found = false;
         d.troubled = true;
       },
       "there is no msg_1"},
      {"ordered not there", [](MessageDayRecord& d) { d.messages[1].found = false; }, "there is no msg_2"},
      {"not accepted", [](MessageDayRecord& d) { d.messages[3].message_id = ""; },
       "(LOSSY like 4, plain) was never accepted"},
      {"acked unseen", [](MessageDayRecord& d) { d.students[0].events.erase(d.students[0].events.begin() + 1); },
       "s1's part of msg_1 (RELIABLE roll_call 1, plain) is acked, but the client has not seen it"},
      {"pending",
       [](MessageDayRecord& d) {
         d.messages[0].recipients[1].state = "PENDING";
         d.messages[0].delivery = {.accepted = 2, .acked = 1, .pending = 1};
       },
       "s2's part of msg_1 (RELIABLE roll_call 1, plain) is pending for ever"},
      {"no reason", [](MessageDayRecord& d) { d.messages[0].recipients[1].state = "DROPPED"; },
       "was dropped for no reason"},
      {"expired", [](MessageDayRecord& d) { d.messages[0].recipients[1].state = "EXPIRED"; }, "expired within the day"},
      {"no recipient",
       [](MessageDayRecord& d) {
         d.messages[0].plan.recipients = {"s1", "s2", "s3"};
       },
       "has no recipient s3"},
      {"twice", [](MessageDayRecord& d) { d.students[0].events.push_back(Got(1, "msg_1", "RELIABLE", 0)); },
       "s1 was shown msg_1 (RELIABLE roll_call 1, plain) as msg_1 and as msg_1"},
      {"twice under two ids",
       [](MessageDayRecord& d) {
         d.messages[0].tries = 2;
         d.students[0].events.push_back(Got(1, "msg_x", "RELIABLE", 0));
       },
       "as msg_1 and as msg_x"},
      {"canceled", [](MessageDayRecord& d) { d.students[0].events.push_back(Got(5, "msg_5", "RELIABLE", 14)); },
       "which was canceled before its time"},
      {"early", [](MessageDayRecord& d) { d.messages[1].scheduled_ms = 1100; }, "98 ms before its time"},
      {"hole", [](MessageDayRecord& d) { d.students[0].events[3].offset = 14; },
       "s1 in room:r got offset 14 after 12, want 13"},
      {"recovered too little",
       [](MessageDayRecord& d) { d.students[0].events.push_back(Joined(15, 3000, true, true)); },
       "was told that it recovered to offset 15, but got all up to 13"},
      {"out of order",
       [](MessageDayRecord& d) { std::swap(d.students[0].events[2].number, d.students[0].events[3].number); },
       "got chat 2 after 3"},
      {"chat missing", [](MessageDayRecord& d) { d.students[0].events.erase(d.students[0].events.begin() + 3); },
       "has not seen msg_3"},
      {"never joined", [](MessageDayRecord& d) { d.students[1].events.clear(); }, "s2 never joined room r"},
      {"no event", [](MessageDayRecord& d) { d.by_events.erase("msg_1"); }, "none told of msg_1"},
      {"other event", [](MessageDayRecord& d) { d.by_events["msg_1"].version = 2; }, "is COMPLETED version 2"},
      {"complaint", [](MessageDayRecord& d) { d.students[1].complaints = {"something"}; }, "acme: something"},
  };
  for (const Case& c : cases) {
    MessageDayRecord day = GoodDay();
    c.spoil(day);
    bool found = false;
    std::string all;
    for (const std::string& sentence : CheckAllMessages({day})) {
      found |= sentence.find(c.sentence) != std::string::npos;
      all += sentence + "\n";
      EXPECT_TRUE(sentence.starts_with("acme: ")) << sentence;
    }
    EXPECT_TRUE(found) << c.name << ", got:\n" << all;
  }
}

TEST(MessageInvariants, WhatACrashMayDoIsNotHeldAgainstIt) {
  const auto fine = [](void (*spoil)(MessageDayRecord&)) {
    MessageDayRecord day = GoodDay();
    day.troubled = true;
    spoil(day);
    return CheckAllMessages({day}).empty();
  };
  // The row of a LOSSY or ORDERED message that was written behind.
  EXPECT_TRUE(fine([](MessageDayRecord& d) { d.messages[1].found = false; }));
  // A request that Redis forgot.
  EXPECT_TRUE(fine([](MessageDayRecord& d) {
    d.messages[2].tries = 2;
    d.students[0].events.insert(d.students[0].events.begin() + 4, Got(3, "msg_y", "ORDERED", 14));
  }));
}

// What has lost its use while the client was away is not sent to it, and keeps its place in the channel.
TEST(MessageInvariants, AShortLifeMayEndBeforeTheClientIsBack) {
  MessageDayRecord day = GoodDay();
  MessageRecord homework = day.messages[0];
  homework.plan.number = 6;
  homework.plan.target = TargetKind::kUser;
  homework.plan.target_value = "s1";
  homework.plan.special = Special::kShortLife;
  homework.plan.ttl_seconds = 3;
  homework.plan.recipients = {"s1"};
  homework.message_id = homework.view.message_id = "msg_6";
  homework.delivery = {.accepted = 1, .expired = 1};
  homework.recipients = {{"s1", "EXPIRED", ""}};
  day.messages.push_back(homework);
  day.by_events["msg_6"] = homework.view;
  day.after.classes["RELIABLE"].messages = 7;
  const auto at = [](uint64_t offset) {
    ClientEvent e{Kind::kMessage, "user:s1", 1000};
    e.offset = offset;
    return e;
  };
  ClientEvent joined = Joined(1, 500);
  joined.channel = "user:s1";
  std::vector<ClientEvent>& events = day.students[0].events;
  events.insert(events.end(), {joined, at(2), at(4)});
  EXPECT_EQ(CheckAllMessages({day}), std::vector<std::string>{});
  events.push_back(at(6));  // One was short-lived, not two.
  EXPECT_FALSE(CheckAllMessages({day}).empty());
}

TEST(MessageInvariants, OurSdkDropsRepeats) {
  MessageDayRecord day = GoodDay();
  ClientEvent repeat = Got(1, "msg_1", "RELIABLE", 0);
  repeat.seen = true;
  day.students[0].events.push_back(repeat);
  EXPECT_TRUE(CheckAllMessages({day}).empty());
}

TEST(MessageInvariants, SentencesHaveAnEnd) {
  MessageDayRecord day = GoodDay();
  day.complaints.assign(500, "x");
  EXPECT_EQ(CheckAllMessages({day}).size(), 16u);
}

TEST(IsSettled, WaitsForReliableMessages) {
  const MessageDayRecord day = GoodDay();
  EXPECT_TRUE(IsSettled(day.messages, day.by_events));
  auto events = day.by_events;
  events["msg_1"].state = "SENT";
  EXPECT_FALSE(IsSettled(day.messages, events));
  events.erase("msg_1");
  EXPECT_FALSE(IsSettled(day.messages, events));
}

TEST(MessageFold, NoticesWhatAStreamMustNotDo) {
  MessageFold fold("acme");
  fold.Apply("e1", "acme", {"msg_1", "RELIABLE", "ACCEPTED", 1});
  fold.Apply("e2", "acme", {"msg_1", "RELIABLE", "SENT", 2});
  EXPECT_TRUE(fold.complaints().empty());
  EXPECT_EQ(fold.messages().at("msg_1").state, "SENT");
  fold.Apply("e2", "acme", {"msg_1", "RELIABLE", "SENT", 2});
  fold.Apply("e4", "acme", {"msg_1", "RELIABLE", "COMPLETED", 4});
  fold.Apply("e5", "globex", {"msg_2", "RELIABLE", "SENT", 2});
  const std::vector<std::string> complaints = fold.complaints();
  ASSERT_EQ(complaints.size(), 3u);
  EXPECT_NE(complaints[0].find("e2 came twice"), std::string::npos);
  EXPECT_NE(complaints[1].find("from version 2 to 4, want 3"), std::string::npos);
  EXPECT_NE(complaints[2].find("event e5 of globex"), std::string::npos);
}

}  // namespace
}  // namespace trivium::schoolday
