// What every engine does with deliveries: moved once, repeated, handed over, expired, read by their users, purged.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/store_suite.h"

namespace trivium::push {
namespace {

constexpr int kMost = 1'000;

// Those of a product: tests share a database.
std::vector<DueDelivery> Mine(std::vector<DueDelivery> due, const std::string& product) {
  std::erase_if(due, [&](const DueDelivery& d) { return d.product != product; });
  return due;
}

TEST_F(DeliveriesTest, AcknowledgementsCountOnce) {
  MustJoin({"u1", "u2", "u3"});
  const Message m = MustAccept(Draft("request-1"));
  EXPECT_EQ(Move(m, {"u1", "u1", "u2", "stranger"}), 2);
  EXPECT_EQ(Move(m, {"u1", "u2"}), 0);
  Message none = m;
  none.id = ids_->Next();
  EXPECT_EQ(Move(none, {"u1"}), 0);
  EXPECT_EQ(Get(m).counts.acked, 2);
  EXPECT_EQ(Get(m).state, MessageState::kAccepted);
  MustSend({m});
  EXPECT_EQ(Move(m, {"u3"}), 1);
  EXPECT_EQ(Get(m).state, MessageState::kCompleted);
  EXPECT_EQ(Recipients(m)[0].next_attempt_time, absl::InfiniteFuture());
  ExpectEventsEqualStates();
}

TEST_F(DeliveriesTest, AVendorsHandOverIsNotTheLastWord) {
  MustJoin({"u1", "u2"});
  const Message m = MustAccept(Draft("request-1"));
  MustSend({m});
  EXPECT_EQ(Move(m, {"u1", "u2"}, DeliveryState::kVendor), 2);
  EXPECT_EQ(Get(m).state, MessageState::kCompleted);
  EXPECT_EQ(Move(m, {"u1"}, DeliveryState::kVendor), 0);
  EXPECT_EQ(Move(m, {"u1"}, DeliveryState::kDropped, DropReason::kNotAMember), 0);
  EXPECT_EQ(Move(m, {"u1"}), 1);
  EXPECT_EQ(Get(m).counts, (Counts{.accepted = 2, .acked = 1, .vendor = 1}));
  ExpectEventsEqualStates();
}

TEST_F(DeliveriesTest, DropsForAReason) {
  MustJoin({"u1", "u2"});
  const Message m = MustAccept(Draft("request-1"));
  EXPECT_EQ(Move(m, {"u1"}, DeliveryState::kDropped, DropReason::kNotAMember), 1);
  EXPECT_EQ(Move(m, {"u2"}, DeliveryState::kDropped, DropReason::kTooManyPending), 1);
  EXPECT_EQ(Get(m).counts.Dropped(DropReason::kNotAMember), 1);
  EXPECT_EQ(Get(m).counts.Dropped(DropReason::kTooManyPending), 1);
  EXPECT_EQ(Move(m, {"u1"}), 0);
}

TEST_F(DeliveriesTest, ABatchCoversManyMessagesAndMoreThanATransaction) {
  std::vector<std::string> users;
  for (int i = 0; i < 700; ++i) users.push_back(absl::StrCat("u", i));
  MustJoin(users);
  const Message a = MustAccept(Draft("request-1")), b = MustAccept(Draft("request-2"));
  std::vector<DeliveryKey> keys;
  for (const std::string& user : users) {
    keys.push_back({b.id, user});
    keys.push_back({a.id, user});
  }
  const auto outcomes = store_.MoveDeliveries(product_, keys, {.now = kNow}, Deadline());
  EXPECT_EQ(std::ranges::count_if(outcomes, [](const auto& o) { return o.ok() && *o; }), 1400);
  EXPECT_EQ(Get(a).counts.acked, 700);
  EXPECT_EQ(Get(b).counts.acked, 700);
}

TEST_F(DeliveriesTest, ExpiresInPortionsWhatIsPending) {
  MustJoin({"u1", "u2", "u3", "u4", "u5"});
  const Message m = MustAccept(Draft("request-1"));
  MustSend({m});
  Move(m, {"u2"});
  const absl::Time due = kNow + absl::Hours(1);
  ASSERT_TRUE(store_.ExpireDue(due - absl::Seconds(1), kMost, Deadline()).ok());
  EXPECT_EQ(Get(m).counts.pending, 4);
  int64_t expired = 0, portions = 0;
  while (Get(m).counts.pending > 0 && portions < 1'000) {
    ProductCounts portion = *store_.ExpireDue(due, 3, Deadline());
    expired += portion[product_];
    ++portions;
  }
  EXPECT_EQ(expired, 4);
  EXPECT_GE(portions, 2);
  EXPECT_EQ(Get(m).counts.expired, 4);
  EXPECT_EQ(Get(m).state, MessageState::kCompleted);
  EXPECT_EQ(Move(m, {"u1"}), 0);
  ExpectEventsEqualStates();
}

TEST_F(DeliveriesTest, SaysWhatIsOpenNow) {
  const auto open = [&] { return (*store_.CountOpenWork(kNow, Deadline()))[product_]; };
  EXPECT_EQ(open(), OpenWork());
  MustJoin({"u1", "u2", "u3"});
  const Message a = MustAccept(Draft("request-1")), b = MustAccept(Draft("request-2"));
  MustSend({a});
  EXPECT_EQ(open(), (OpenWork{.pending = 6, .oldest_pending = TimeOf(a.id), .unsent = 1, .oldest_unsent = kNow}));
  Move(a, {"u1", "u2", "u3"});
  Move(b, {"u1"});
  EXPECT_EQ(open(), (OpenWork{.pending = 2, .oldest_pending = TimeOf(b.id), .unsent = 1, .oldest_unsent = kNow}));
  MustSend({b});
  Move(b, {"u2", "u3"});
  EXPECT_EQ(open(), OpenWork());
}

TEST_F(DeliveriesTest, WorkIsTakenOfSomeProductsAlone) {
  MustJoin({"u1"});
  NewMessage later = Draft("request-2");
  later.draft.schedule_time = kNow + absl::Seconds(1);
  const Message m = MustAccept(Draft("request-1")), scheduled = MustAccept(later);
  const absl::Time now = kNow + absl::Minutes(1);
  const Products none = std::vector<std::string>(), others = std::vector<std::string>{other_},
                 mine = std::vector<std::string>{other_, product_};
  for (const Products& of : {none, others}) {
    EXPECT_TRUE(store_.ClaimRepeatDue(of, now, kMost, Deadline())->empty());
    EXPECT_TRUE(store_.ListDueScheduled(of, now, kMost, Deadline())->empty());
    EXPECT_TRUE(store_.ListUnsentChannels(of, kMost, Deadline())->empty());
  }
  ASSERT_EQ(store_.ListDueScheduled(mine, now, kMost, Deadline())->size(), 1u);
  EXPECT_EQ(store_.ListDueScheduled(mine, now, kMost, Deadline())->front().id, scheduled.id);
  ASSERT_EQ(store_.ListUnsentChannels(mine, kMost, Deadline())->size(), 1u);
  EXPECT_EQ(store_.ListUnsentChannels(mine, kMost, Deadline())->front().channel, m.channel);
  const std::vector<DueDelivery> due = *store_.ClaimRepeatDue(mine, now, kMost, Deadline());
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].delivery.message_id, m.id);
  EXPECT_EQ(due[0].product, product_);
}

TEST_F(DeliveriesTest, RepeatsWithBackOffUntilItIsNotPending) {
  MustJoin({"u1", "u2"});
  const Message m = MustAccept(Draft("request-1"));
  absl::Time now = kNow + absl::Seconds(10);
  EXPECT_TRUE(Mine(*store_.ClaimRepeatDue(std::nullopt, now - absl::Seconds(1), kMost, Deadline()), product_).empty());
  std::vector<DueDelivery> due = Mine(*store_.ClaimRepeatDue(std::nullopt, now, kMost, Deadline()), product_);
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(due[0].delivery.attempts, 2);
  EXPECT_EQ(due[0].delivery.channel, "room:math");
  EXPECT_TRUE(Mine(*store_.ClaimRepeatDue(std::nullopt, now, kMost, Deadline()), product_).empty());
  EXPECT_EQ(Recipients(m)[0].next_attempt_time, now + absl::Seconds(20));
  Move(m, {"u1"});
  now += absl::Seconds(20);
  due = Mine(*store_.ClaimRepeatDue(std::nullopt, now, kMost, Deadline()), product_);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].delivery.user_id, "u2");
  EXPECT_EQ(due[0].delivery.attempts, 3);
  EXPECT_EQ(Recipients(m)[1], due[0].delivery);
  // Nothing is sent again when its time is over, though nobody has expired it yet.
  EXPECT_TRUE(Mine(*store_.ClaimRepeatDue(std::nullopt, kNow + absl::Hours(1), kMost, Deadline()), product_).empty());
}

TEST_F(DeliveriesTest, VendorsGetWhatIsNotAcknowledgedInTime) {
  MustJoin({"u1", "u2"});
  NewMessage item = Draft("request-1");
  item.draft.vendor_after = absl::Minutes(1);
  const Message m = MustAccept(item);
  MustAccept(Draft("request-2"));
  Move(m, {"u1"});
  const absl::Time due = kNow + absl::Minutes(1);
  const auto claim = [&](absl::Time now) {
    return Mine(*store_.ClaimVendorDue(now, absl::Seconds(30), kMost, Deadline()), product_);
  };
  EXPECT_TRUE(claim(due - absl::Seconds(1)).empty());
  const std::vector<DueDelivery> claimed = claim(due);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].delivery.user_id, "u2");
  EXPECT_TRUE(claim(due).empty());
  // The worker that had it is gone: it comes again.
  EXPECT_EQ(claim(due + absl::Seconds(30)).size(), 1u);
  EXPECT_EQ(Move(m, {"u2"}, DeliveryState::kVendor), 1);
  EXPECT_TRUE(claim(due + absl::Minutes(5)).empty());
}

TEST_F(DeliveriesTest, AUserReadsWhatIsPendingInAChannelOldestFirst) {
  MustJoin({"u1", "u2"});
  std::vector<Id> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(MustAccept(Draft(absl::StrCat("request-", i))).id);
  const Message to_user = MustAccept(Draft("request-u", {TargetKind::kUser, "u1"}));
  ASSERT_TRUE(Tag("u1", {{"a", ""}}).ok());
  const Message to_audience = MustAccept(Draft("request-a", {TargetKind::kAudience, "a"}));
  const std::vector<PendingQuery> queries = {
      {"u1", "room:math"}, {"u1", "user:u1"}, {"u2", "room:math"}, {"u2", "user:u2"}};
  ASSERT_TRUE(store_.MoveDeliveries(product_, {{{ids[0], "u2"}}}, {.now = kNow}, Deadline())[0].ok());
  const std::vector<PendingPage> pages = *store_.ListPending(product_, queries, 2, Deadline());
  ASSERT_EQ(pages.size(), 4u);
  const auto listed = [&](size_t page) {
    std::vector<Id> found;
    for (const Message& m : pages[page].messages) found.push_back(m.id);
    return found;
  };
  EXPECT_EQ(listed(0), (std::vector<Id>{ids[0], ids[1]}));
  EXPECT_TRUE(pages[0].has_more);
  EXPECT_EQ(listed(1), (std::vector<Id>{to_user.id, to_audience.id}));
  EXPECT_FALSE(pages[1].has_more);
  EXPECT_EQ(listed(2), (std::vector<Id>{ids[1], ids[2]}));
  EXPECT_FALSE(pages[2].has_more);
  EXPECT_TRUE(pages[3].messages.empty());
  EXPECT_FALSE(pages[0].messages[0].data.empty());
}

TEST_F(DeliveriesTest, PendingMessagesOfOneAnswerHaveABound) {
  MustJoin({"u1", "u2"});
  for (int i = 0; i < 60; ++i) {
    NewMessage item = Draft(absl::StrCat("request-", i));
    item.draft.data = std::string(64 << 10, 'x');
    MustAccept(item);
  }
  const std::vector<PendingQuery> queries = {{"u1", "room:math"}, {"u2", "room:math"}, {"u3", "room:math"}};
  const std::vector<PendingPage> pages = *store_.ListPending(product_, queries, 300, Deadline());
  EXPECT_EQ(pages[0].messages.size(), kPendingBytesMax / (64 << 10));
  EXPECT_TRUE(pages[0].has_more);
  EXPECT_TRUE(pages[1].messages.empty());
  EXPECT_TRUE(pages[1].has_more);
  EXPECT_FALSE(pages[2].has_more);
}

TEST_F(DeliveriesTest, AChannelsTailIsWhatWasSentAndHasNotExpired) {
  MustJoin({"u1"});
  std::vector<Message> sent;
  for (int i = 0; i < 5; ++i) {
    NewMessage item = Draft(absl::StrCat("request-", i));
    if (i == 3) item.draft.expire_time = kNow + absl::Minutes(1);
    sent.push_back(MustAccept(item));
  }
  MustSend({sent[0], sent[1], sent[2], sent[3]});
  ASSERT_TRUE(Cancel("cancel-1", sent[1]).ok());
  const auto tail = [&](const std::string& channel, int limit) {
    std::vector<Id> ids;
    const std::vector<Message> found =
        *store_.ListChannelTail({product_, channel}, kNow + absl::Minutes(1), limit, Deadline());
    for (const Message& m : found) {
      EXPECT_FALSE(m.data.empty());
      ids.push_back(m.id);
    }
    return ids;
  };
  EXPECT_EQ(tail("room:math", 10), (std::vector<Id>{sent[0].id, sent[2].id}));
  EXPECT_EQ(tail("room:math", 1), (std::vector<Id>{sent[2].id}));
  ASSERT_TRUE(Tag("u1", {{"a", ""}}).ok());
  const Message to_user = MustAccept(Draft("request-u", {TargetKind::kUser, "u1"}));
  const Message to_audience = MustAccept(Draft("request-a", {TargetKind::kAudience, "a"}));
  MustSend({to_user, to_audience});
  EXPECT_EQ(tail("user:u1", 10), (std::vector<Id>{to_user.id, to_audience.id}));
  EXPECT_EQ(tail("user:u1", 1), (std::vector<Id>{to_audience.id}));
}

TEST_F(DeliveriesTest, ListsRecipientsAndAUsersMessagesInPages) {
  MustJoin({"u1", "u2", "u3"});
  const Message a = MustAccept(Draft("request-1")), b = MustAccept(Draft("request-2"));
  Move(a, {"u2"});
  const std::vector<Delivery> first = *store_.ListRecipients(product_, a.id, {.limit = 2}, Deadline());
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(store_.ListRecipients(product_, a.id, {.after = "u2", .limit = 2}, Deadline())->at(0).user_id, "u3");
  EXPECT_EQ(store_.ListRecipients(product_, a.id, {.state = DeliveryState::kAcked}, Deadline())->at(0).user_id, "u2");
  const std::vector<Delivery> mine = *store_.ListUserMessages(product_, "u2", {.limit = 1}, Deadline());
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0].message_id, b.id);
  const std::vector<Delivery> older = *store_.ListUserMessages(product_, "u2", {.before = b.id}, Deadline());
  ASSERT_EQ(older.size(), 1u);
  EXPECT_EQ(older[0].state, DeliveryState::kAcked);
  EXPECT_EQ(store_.ListUserMessages(product_, "u2", {.state = DeliveryState::kPending}, Deadline())->size(), 1u);
  EXPECT_TRUE(store_.ListUserMessages(other_, "u2", {}, Deadline())->empty());
}

TEST_F(DeliveriesTest, ThePurgeLeavesCountsAndDays) {
  MustJoin({"u1", "u2", "u3"});
  std::vector<Message> sent;
  for (int i = 0; i < 2; ++i) {
    NewMessage item = Draft(absl::StrCat("request-", i));
    // Before all other tests' messages: the purge is of all products.
    item.draft.create_time = kNow - absl::Hours(24 * 40);
    sent.push_back(MustAccept(item));
  }
  MustSend(sent);
  Move(sent[0], {"u1", "u2", "u3"});
  const absl::Time before = kNow - absl::Hours(24 * 30);
  EXPECT_EQ(*store_.PurgeDeliveries(before, 2, Deadline()), 2);
  EXPECT_EQ(*store_.PurgeMessages(before, kMost, Deadline()), 0);
  EXPECT_EQ(*store_.PurgeDeliveries(before, 2, Deadline()), 1);
  EXPECT_EQ(*store_.PurgeDeliveries(before, 2, Deadline()), 0);
  EXPECT_TRUE(Recipients(sent[0]).empty());
  EXPECT_EQ(Get(sent[0]).counts.acked, 3);
  EXPECT_EQ(Recipients(sent[1]).size(), 3u);
  EXPECT_EQ(*store_.PurgeMessages(before, kMost, Deadline()), 1);
  EXPECT_EQ(ReasonOf(store_.GetMessage(product_, sent[0].id, Deadline()).status()), "MESSAGE_NOT_FOUND");
  const ClassDay day = store_.SummarizeDay(product_, kDay, Deadline())->at(MessageClass::kReliable);
  EXPECT_EQ(day.messages, 2);
  EXPECT_EQ(day.counts, (Counts{.accepted = 6, .acked = 3, .pending = 3}));
  // The ledger of the fixture compares days with the messages that are there: bring the other one to its end, too.
  Move(sent[1], {"u1", "u2", "u3"});
  EXPECT_EQ(*store_.PurgeDeliveries(before, kMost, Deadline()), 3);
  EXPECT_EQ(*store_.PurgeMessages(before, kMost, Deadline()), 1);
}

}  // namespace
}  // namespace trivium::push
