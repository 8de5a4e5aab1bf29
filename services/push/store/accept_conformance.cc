// What every engine does with messages: accepted once, in their order, for whom they are meant.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/store_suite.h"

namespace trivium::push {
namespace {

TEST_F(AcceptTest, AcceptsARoomsMessageForMembersAndThosePresent) {
  MustJoin({"u3", "u1"});
  NewMessage item = Draft("request-1");
  item.present = {"u2", "u1", "u2"};
  const Message m = MustAccept(item);
  EXPECT_EQ(m.state, MessageState::kAccepted);
  EXPECT_EQ(m.sequence, 1);
  EXPECT_EQ(m.version, 1);
  EXPECT_EQ(m.counts, AcceptedChange(3));
  EXPECT_EQ(UsersOf(m), (std::vector<std::string>{"u1", "u2", "u3"}));
  EXPECT_EQ(Get(m), m);
  EXPECT_EQ(Recipients(m)[0].next_attempt_time, kNow + absl::Seconds(10));
}

TEST_F(AcceptTest, ARepeatGetsTheFirstAnswerWhateverHappenedSince) {
  MustJoin({"u1"});
  const Message m = MustAccept(Draft("request-1"));
  MustSend({m});
  EXPECT_EQ(Move(m, {"u1"}), 1);
  EXPECT_EQ(Get(m).state, MessageState::kCompleted);
  EXPECT_EQ(*Accept(Draft("request-1")), m);
  NewMessage other = Draft("request-1");
  other.draft.fingerprint[9] ^= 1;
  const absl::Status status = Accept(other).status();
  EXPECT_EQ(ReasonOf(status), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(MetadataOf(status, "field"), "class");
  NewMessage theirs = Draft("request-1");
  theirs.draft.product = other_;
  EXPECT_EQ(Accept(theirs)->id, theirs.draft.id);
  EXPECT_EQ(ReasonOf(store_.GetMessage(other_, m.id, Deadline()).status()), "MESSAGE_NOT_FOUND");
  ExpectEventsEqualStates();
}

TEST_F(AcceptTest, SequencesAreDenseInEachChannel) {
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(MustAccept(Draft(absl::StrCat("room-", i))).sequence, i);
  EXPECT_EQ(MustAccept(Draft("user-1", {TargetKind::kUser, "u1"})).sequence, 1);
  EXPECT_EQ(MustAccept(Draft("product-1", {TargetKind::kProduct, ""})).sequence, 1);
  EXPECT_EQ(MustAccept(Draft("audience-1", {TargetKind::kAudience, "a"})).sequence, 0);
  EXPECT_EQ(MustAccept(Draft("room-4")).sequence, 4);
}

TEST_F(AcceptTest, ProductAndAudienceTakeKnownUsers) {
  const std::vector<std::string> seen = {"u5", "u6", "u5"};
  ASSERT_TRUE(store_.SeeUsers(product_, seen, kNow, Deadline()).ok());
  ASSERT_TRUE(Tag("u1", {{"grade", "7"}, {"city", "深圳"}}).ok());
  ASSERT_TRUE(Tag("u2", {{"grade", "7"}, {"trial", ""}}).ok());
  EXPECT_EQ(UsersOf(MustAccept(Draft("request-1", {TargetKind::kProduct, ""}))),
            (std::vector<std::string>{"u1", "u2", "u5", "u6"}));
  const Message m = MustAccept(Draft("request-2", {TargetKind::kAudience, "grade=7 AND NOT trial"}));
  ASSERT_EQ(UsersOf(m), (std::vector<std::string>{"u1"}));
  EXPECT_EQ(Recipients(m)[0].channel, "user:u1");
  const absl::Status status = Accept(Draft("request-3", {TargetKind::kAudience, "grade=7 AND"})).status();
  EXPECT_EQ(ReasonOf(status), "AUDIENCE_INVALID");
  EXPECT_EQ(MetadataOf(status, "position"), "11");
}

TEST_F(AcceptTest, TakesFiftyThousandRecipientsAndNotOneMore) {
  std::vector<std::string> users;
  for (size_t i = 0; i < kRecipientsMax; ++i) users.push_back(absl::StrCat("u", i));
  NewMessage item = Draft("request-1");
  item.present = users;
  const Message m = MustAccept(item);
  EXPECT_EQ(m.counts.accepted, static_cast<int64_t>(kRecipientsMax));
  NewMessage larger = Draft("request-2");
  larger.present = users;
  larger.present.push_back("one-more");
  const absl::Status status = Accept(larger).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "AUDIENCE_TOO_LARGE");
  EXPECT_TRUE(Recipients(larger.draft).empty());
  EXPECT_EQ(MustAccept(Draft("request-3")).sequence, 2);
  // Canceled in one go.
  EXPECT_EQ(Cancel("cancel-1", m)->counts.Dropped(DropReason::kCanceled), static_cast<int64_t>(kRecipientsMax));
}

TEST_F(AcceptTest, WhoHasTooManyPendingIsNotSentAnotherOne) {
  MustJoin({"u1", "u2"});
  const auto accept = [&](const std::string& request_id, const Target& target) {
    NewMessage item = Draft(request_id, target);
    item.max_pending_of_user = 2;
    const Message m = MustAccept(item);
    EXPECT_EQ(*Accept(item), m) << "a repeat";
    EXPECT_EQ(Get(m), m);
    return m;
  };
  const Target room = {TargetKind::kRoom, "math"}, user = {TargetKind::kUser, "u1"};
  const Message first = accept("request-1", room);
  EXPECT_EQ(accept("request-2", user).counts, AcceptedChange(1));
  Counts one_of_two = AcceptedChange(2);
  one_of_two += MoveChange(DeliveryState::kPending, DeliveryState::kDropped, 1, DropReason::kTooManyPending);
  const Message third = accept("request-3", room);
  EXPECT_EQ(third.counts, one_of_two);
  const std::vector<Delivery> recipients = Recipients(third);
  ASSERT_EQ(recipients.size(), 2u);
  EXPECT_EQ(recipients[0].state, DeliveryState::kDropped);
  EXPECT_EQ(recipients[0].reason, DropReason::kTooManyPending);
  EXPECT_EQ(recipients[0].next_attempt_time, absl::InfiniteFuture());
  EXPECT_EQ(recipients[1].state, DeliveryState::kPending);
  // One for whom nothing is left to do ends when it is sent.
  const Message fourth = accept("request-4", user);
  EXPECT_EQ(fourth.counts.pending, 0);
  MustSend({fourth});
  EXPECT_EQ(Get(fourth).state, MessageState::kCompleted);
  EXPECT_EQ(Move(fourth, {"u1"}), 0) << "too late";
  // What is acknowledged makes room.
  EXPECT_EQ(Move(first, {"u1"}), 1);
  EXPECT_EQ(accept("request-5", user).counts, AcceptedChange(1));
  EXPECT_EQ(accept("request-6", user).counts.pending, 0);
}

TEST_F(AcceptTest, WhatAMessageTakesThePlaceOfDoesNotCountAgainstIt) {
  MustJoin({"u1", "u2"});
  const auto accept = [&](const std::string& request_id, const std::string& collapse_key) {
    NewMessage item = Draft(request_id);
    item.draft.collapse_key = collapse_key;
    item.max_pending_of_user = 2;
    return MustAccept(item);
  };
  const Message older = accept("request-1", "score");
  accept("request-2", "");
  EXPECT_EQ(Move(older, {"u2"}), 1);
  accept("request-3", "");  // u1 has too many; u2 has two now.
  const Message newer = accept("request-4", "score");
  EXPECT_EQ(Get(older).counts.Dropped(DropReason::kCollapsed), 1);
  ASSERT_EQ(Recipients(newer).size(), 2u);
  EXPECT_EQ(Recipients(newer)[0].state, DeliveryState::kPending) << "in the place of the older";
  EXPECT_EQ(Recipients(newer)[1].reason, DropReason::kTooManyPending);
  EXPECT_EQ(accept("request-5", "other").counts.pending, 0);
}

TEST_F(AcceptTest, AReleaseFindsWhoHasTooManyPending) {
  NewMessage item = Draft("request-1", {TargetKind::kUser, "u1"});
  item.draft.schedule_time = kNow + absl::Minutes(1);
  item.draft.day.clear();
  const Message scheduled = MustAccept(item);
  MustAccept(Draft("request-2", {TargetKind::kUser, "u1"}));
  const push::Release release{product_, scheduled.id, {}, kDay, kNow + absl::Minutes(1), 1};
  const absl::StatusOr<Message> released = store_.ReleaseScheduled({&release, 1}, Deadline())[0];
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->counts.accepted, 1);
  EXPECT_EQ(released->counts.Dropped(DropReason::kTooManyPending), 1);
  EXPECT_EQ(Get(scheduled).counts, released->counts);
}

TEST_F(AcceptTest, ADedupeKeyAnswersTheFirstForADay) {
  NewMessage first = Draft("request-1", {TargetKind::kUser, "u1"});
  first.draft.dedupe_key = "homework-7";
  const Message m = MustAccept(first);
  NewMessage second = Draft("request-2", {TargetKind::kUser, "u1"});
  second.draft.dedupe_key = "homework-7";
  second.draft.create_time = kNow + kDedupeWindow - absl::Seconds(1);
  EXPECT_EQ(*Accept(second), m);
  NewMessage later = Draft("request-3", {TargetKind::kUser, "u1"});
  later.draft.dedupe_key = "homework-7";
  later.draft.create_time = kNow + kDedupeWindow;
  EXPECT_EQ(Accept(later)->id, later.draft.id);
  // The second request's answer stays what it was.
  second.draft.create_time = kNow + kDedupeWindow + absl::Hours(1);
  EXPECT_EQ(*Accept(second), m);
  second.draft.fingerprint[0] ^= 1;
  EXPECT_EQ(ReasonOf(Accept(second).status()), "IDEMPOTENCY_KEY_REUSED");
  NewMessage theirs = first;
  theirs.draft.id = ids_->Next();
  theirs.draft.product = other_;
  EXPECT_EQ(Accept(theirs)->id, theirs.draft.id);
}

TEST_F(AcceptTest, ANewerMessageTakesThePlaceOfWhatIsPending) {
  MustJoin({"u1", "u2", "u3"});
  NewMessage older = Draft("request-1");
  older.draft.collapse_key = "score";
  const Message m = MustAccept(older);
  MustSend({m});
  EXPECT_EQ(Move(m, {"u2"}), 1);
  NewMessage elsewhere = Draft("request-2", {TargetKind::kUser, "u1"});
  elsewhere.draft.collapse_key = "score";
  MustAccept(elsewhere);
  EXPECT_EQ(Get(m).counts.pending, 2);
  NewMessage newer = Draft("request-3");
  newer.draft.collapse_key = "score";
  EXPECT_EQ(MustAccept(newer).counts.pending, 3);
  const Message after = Get(m);
  EXPECT_EQ(after.counts.Dropped(DropReason::kCollapsed), 2);
  EXPECT_EQ(after.state, MessageState::kCompleted);
  EXPECT_EQ(Recipients(m)[0].reason, DropReason::kCollapsed);
  ExpectEventsEqualStates();
}

TEST_F(AcceptTest, AudiencesCollapseByTheirExpression) {
  for (const char* user : {"u1", "u2"}) ASSERT_TRUE(Tag(user, {{"grade", user[1] == '1' ? "7" : "8"}}).ok());
  std::vector<Message> sent;
  for (const char* grade : {"grade=7", "grade=8", "grade=7"}) {
    NewMessage item = Draft(absl::StrCat("request-", sent.size()), {TargetKind::kAudience, grade});
    item.draft.collapse_key = "homework";
    sent.push_back(MustAccept(item));
  }
  EXPECT_EQ(Get(sent[0]).counts.Dropped(DropReason::kCollapsed), 1);
  EXPECT_EQ(Get(sent[1]).counts.pending, 1);
  EXPECT_EQ(Get(sent[2]).counts.pending, 1);
}

TEST_F(AcceptTest, AScheduledMessageGetsItsRecipientsWhenItsTimeComes) {
  NewMessage item = Draft("request-1");
  item.draft.schedule_time = kNow + absl::Minutes(10);
  item.draft.day.clear();
  const Message m = MustAccept(item);
  EXPECT_EQ(m.state, MessageState::kScheduled);
  EXPECT_EQ(m.counts, Counts());
  EXPECT_TRUE(store_.SummarizeDay(product_, kDay, Deadline())->empty());
  MustJoin({"u1"});
  const absl::Time due = kNow + absl::Minutes(10);
  const auto mine = [&](absl::Time now) {
    const std::vector<Message> all = *store_.ListDueScheduled(std::nullopt, now, 100'000, Deadline());
    return std::ranges::count(all, m.id, &Message::id);
  };
  EXPECT_EQ(mine(due - absl::Seconds(1)), 0);
  EXPECT_EQ(mine(due), 1);
  const absl::StatusOr<Message> released = Release(m, due, {"u2"});
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->state, MessageState::kAccepted);
  EXPECT_EQ(released->sequence, 1);
  EXPECT_EQ(released->counts, AcceptedChange(2));
  EXPECT_EQ(Recipients(m)[0].next_attempt_time, due + absl::Seconds(10));
  EXPECT_EQ(*Release(m, due, {"u3"}), *released);
  EXPECT_EQ(*Accept(item), m);
  EXPECT_EQ(mine(due), 0);
  Message none = m;
  none.id = ids_->Next();
  EXPECT_EQ(ReasonOf(Release(none, due).status()), "MESSAGE_NOT_FOUND");
  ExpectEventsEqualStates();
}

TEST_F(AcceptTest, CancelEndsWhatIsPending) {
  MustJoin({"u1", "u2"});
  const Message m = MustAccept(Draft("request-1"));
  MustSend({m});
  Move(m, {"u1"});
  const absl::StatusOr<Message> canceled = Cancel("cancel-1", m);
  ASSERT_TRUE(canceled.ok()) << canceled.status();
  EXPECT_EQ(canceled->state, MessageState::kCanceled);
  EXPECT_EQ(canceled->counts.Dropped(DropReason::kCanceled), 1);
  EXPECT_EQ(*Cancel("cancel-1", m), *canceled);
  EXPECT_EQ(*Cancel("cancel-2", m), *canceled);
  EXPECT_EQ(Move(m, {"u2"}), 0);
  const Message other = MustAccept(Draft("request-2"));
  EXPECT_EQ(MetadataOf(Cancel("cancel-1", other).status(), "field"), "message_id");
  Message none = m;
  none.id = ids_->Next();
  EXPECT_EQ(ReasonOf(Cancel("cancel-3", none).status()), "MESSAGE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Cancel("cancel-3", none).status()), "MESSAGE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Cancel("cancel-3", other).status()), "IDEMPOTENCY_KEY_REUSED");
  ExpectEventsEqualStates();
}

TEST_F(AcceptTest, AScheduledMessageCanBeCanceledAndIsThenNotReleased) {
  NewMessage item = Draft("request-1", {TargetKind::kRoom, "math"}, MessageClass::kOrdered);
  item.draft.schedule_time = kNow + absl::Minutes(10);
  item.draft.day.clear();
  const Message m = MustAccept(item);
  EXPECT_EQ(Cancel("cancel-1", m)->state, MessageState::kCanceled);
  EXPECT_EQ(Release(m, kNow + absl::Minutes(10))->state, MessageState::kCanceled);
  EXPECT_TRUE(store_.SummarizeDay(product_, kDay, Deadline())->empty());
  item = Draft("request-2", {TargetKind::kRoom, "math"}, MessageClass::kOrdered);
  item.draft.schedule_time = kNow + absl::Minutes(10);
  item.draft.day.clear();
  const Message sent = MustAccept(item);
  ASSERT_EQ(Release(sent, kNow + absl::Minutes(10))->sequence, 0);
  MustSend({sent});
  EXPECT_EQ(ReasonOf(Cancel("cancel-2", sent).status()), "MESSAGE_NOT_CANCELABLE");
  EXPECT_EQ(ReasonOf(Cancel("cancel-2", sent).status()), "MESSAGE_NOT_CANCELABLE");
  ExpectEventsEqualStates();
}

TEST_F(AcceptTest, ABatchAnswersEachItemByItself) {
  MustJoin({"u1"});
  const std::vector<NewMessage> items = {Draft("request-1"), Draft("request-2", {TargetKind::kAudience, "("}),
                                         Draft("request-1"), Draft("request-3")};
  const auto outcomes = store_.Accept(items, Deadline());
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_EQ(ReasonOf(outcomes[1].status()), "AUDIENCE_INVALID");
  EXPECT_EQ(outcomes[2]->id, outcomes[0]->id);
  EXPECT_EQ(outcomes[3]->sequence, 2);
}

TEST_F(AcceptTest, TheRelayFollowsTheOrder) {
  std::vector<Message> sent;
  for (int i = 0; i < 3; ++i) sent.push_back(MustAccept(Draft(absl::StrCat("request-", i))));
  const Message audience = MustAccept(Draft("request-a", {TargetKind::kAudience, "a"}));
  const std::vector<ChannelName> channels = *store_.ListUnsentChannels(std::nullopt, 100'000, Deadline());
  EXPECT_TRUE(std::ranges::count(channels, ChannelName{product_, "room:math"}));
  EXPECT_TRUE(std::ranges::count(channels, ChannelName{product_, ""}));
  const auto unsent = [&](const std::string& channel) {
    std::vector<int64_t> sequences;
    const std::vector<Message> page = *store_.ListUnsent({product_, channel}, 2, Deadline());
    for (const Message& m : page) {
      EXPECT_FALSE(m.data.empty());
      sequences.push_back(m.sequence);
    }
    return sequences;
  };
  EXPECT_EQ(unsent("room:math"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(unsent(""), (std::vector<int64_t>{0}));
  MustSend({sent[0], sent[1]});
  EXPECT_EQ(unsent("room:math"), (std::vector<int64_t>{3}));
  EXPECT_FALSE(*store_.MarkSent(product_, {{sent[0].id}}, kNow, Deadline())[0]);
  EXPECT_EQ(ReasonOf(store_.MarkSent(other_, {{sent[2].id}}, kNow, Deadline())[0].status()), "MESSAGE_NOT_FOUND");
  // Nobody was in the room: sent is all that could be done.
  EXPECT_EQ(Get(sent[0]).state, MessageState::kCompleted);
  MustSend({sent[2], audience});
  ExpectEventsEqualStates();
}

TEST_F(AcceptTest, ListsNewestFirstInPagesWithFilters) {
  std::vector<Id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(MustAccept(Draft(absl::StrCat("request-", i))).id);
  const Message to_user = MustAccept(Draft("request-u", {TargetKind::kUser, "u1"}));
  MustSend({to_user});
  MessageFilter filter{.channel = "room:math", .limit = 2};
  std::vector<Id> listed;
  for (;;) {
    const std::vector<Message> page = *store_.ListMessages(product_, filter, Deadline());
    if (page.empty()) break;
    for (const Message& m : page) listed.push_back(m.id);
    EXPECT_TRUE(page[0].data.empty());
    filter.before = page.back().id;
  }
  std::ranges::reverse(ids);
  EXPECT_EQ(listed, ids);
  const auto count = [&](const MessageFilter& f) { return store_.ListMessages(product_, f, Deadline())->size(); };
  EXPECT_EQ(count({}), 6u);
  EXPECT_EQ(count({.state = MessageState::kSent}), 1u);
  EXPECT_EQ(count({.message_class = MessageClass::kOrdered}), 0u);
  EXPECT_EQ(count({.channel = "room:math", .state = MessageState::kSent}), 0u);
  EXPECT_EQ(count({.channel = "user:u1", .message_class = MessageClass::kReliable, .state = MessageState::kSent}), 1u);
  EXPECT_EQ(store_.ListMessages(other_, {}, Deadline())->size(), 0u);
}

}  // namespace
}  // namespace trivium::push
