// Both engines get the same operations by chance, and must answer and look the same after each. The seed is printed;
// TRIVIUM_SEED=n runs one again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/memory_store.h"
#include "services/push/store/mysql_under_test.h"
#include "services/push/store/store_calls.h"

namespace trivium::push {
namespace {

class Memory : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  void Settle(const std::string&) override {}

 private:
  std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  MemoryStore store_{*ids_, EncodeForTest};
};

// Drafts come from the calls of one engine; the same go to both.
class Twins : public StoreCalls {
 public:
  Twins(uint64_t seed, StoreUnderTest& mysql) : StoreCalls(mysql), random_(seed) {}

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat("step ", i));
      now_ += absl::Seconds(static_cast<int>(Below(40)));
      Step();
      Compare();
      ExpectLedgerIsTrue();
    }
    // Those of one transaction have no order among messages that both must keep.
    std::vector<std::string> in_mysql = Events(), in_memory = EventsOf(memory_.store());
    std::ranges::sort(in_mysql);
    std::ranges::sort(in_memory);
    EXPECT_EQ(in_mysql, in_memory);
  }

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }
  std::string AnyUser() { return absl::StrCat("u", Below(8)); }
  Id AnyMessage() { return messages_.empty() ? ids_->Next() : messages_[Below(messages_.size())]; }

  template <typename Call>
  void Both(const Call& call) {
    const auto in_mysql = call(store_), in_memory = call(memory_.store());
    ASSERT_EQ(in_mysql.size(), in_memory.size());
    for (size_t i = 0; i < in_mysql.size(); ++i) {
      EXPECT_EQ(TextOf(in_mysql[i]), TextOf(in_memory[i]));
      ExpectSameValue(in_mysql[i], in_memory[i]);
    }
  }
  // Code, words and reason: details have no order.
  static std::string TextOf(const absl::Status& status) {
    return absl::StrCat(static_cast<int>(status.code()), " ", ReasonOf(status), " ", status.message(), " ",
                        MetadataOf(status, "field"));
  }
  template <typename T>
  static std::string TextOf(const absl::StatusOr<T>& value) {
    return TextOf(value.status());
  }
  static void ExpectSameValue(const absl::Status&, const absl::Status&) {}
  template <typename T>
  static void ExpectSameValue(const absl::StatusOr<T>& a, const absl::StatusOr<T>& b) {
    if (a.ok() && b.ok()) {
      EXPECT_TRUE(*a == *b);
    }
  }
  template <typename T>
  static std::vector<absl::StatusOr<T>> One(absl::StatusOr<T> value) {
    return {std::move(value)};
  }

  // Of this product: the database has others.
  absl::StatusOr<int64_t> Expired(const absl::StatusOr<ProductCounts>& counts) {
    if (!counts.ok()) return counts.status();
    const auto it = counts->find(product_);
    return it == counts->end() ? 0 : it->second;
  }

  void Step() {
    void (Twins::*const kSteps[])() = {&Twins::AcceptOne, &Twins::AcceptOne,   &Twins::MoveSome, &Twins::MoveSome,
                                       &Twins::SendSome,  &Twins::CancelOne,   &Twins::Expire,   &Twins::ReleaseDue,
                                       &Twins::CountSome, &Twins::ChangeUsers, &Twins::Repeat,   &Twins::HandOver};
    (this->*kSteps[Below(std::size(kSteps))])();
  }

  void AcceptOne() {
    const Target kTargets[] = {{TargetKind::kUser, AnyUser()},
                               {TargetKind::kRoom, absl::StrCat("r", Below(2))},
                               {TargetKind::kProduct, ""},
                               {TargetKind::kAudience, "a OR b=1"}};
    NewMessage item = Draft(absl::StrCat("request-", Below(60)), kTargets[Below(4)]);
    if (Below(2) == 0) item.max_pending_of_user = static_cast<int64_t>(1 + Below(6));
    Message& m = item.draft;
    m.create_time = now_;
    m.expire_time = now_ + absl::Minutes(static_cast<int>(1 + Below(5)));
    if (Below(3) == 0) m.collapse_key = absl::StrCat("c", Below(2));
    if (Below(4) == 0) m.dedupe_key = absl::StrCat("d", Below(3));
    if (Below(3) == 0) m.vendor_after = absl::Seconds(30);
    if (Below(5) == 0) {
      m.schedule_time = now_ + absl::Minutes(1);
      m.expire_time += absl::Minutes(1);
      m.day.clear();
      if (Below(2) == 0) m.message_class = MessageClass::kOrdered;
    }
    for (uint64_t i = Below(4); i > 0; --i) item.present.push_back(AnyUser());
    if (m.target.kind != TargetKind::kRoom) item.present.clear();
    messages_.push_back(m.id);
    Both([&](Store& store) { return store.Accept({&item, 1}, Deadline()); });
  }

  void MoveSome() {
    const DeliveryMove kMoves[] = {{DeliveryState::kAcked, DropReason::kNone, now_},
                                   {DeliveryState::kAcked, DropReason::kNone, now_},
                                   {DeliveryState::kVendor, DropReason::kNone, now_},
                                   {DeliveryState::kDropped, DropReason::kNotAMember, now_}};
    std::vector<DeliveryKey> keys;
    for (uint64_t i = 1 + Below(25); i > 0; --i) keys.push_back({AnyMessage(), AnyUser()});
    const DeliveryMove& move = kMoves[Below(4)];
    Both([&](Store& store) { return store.MoveDeliveries(product_, keys, move, Deadline()); });
  }

  void SendSome() {
    std::vector<Id> ids;
    for (uint64_t i = 1 + Below(6); i > 0; --i) ids.push_back(AnyMessage());
    Both([&](Store& store) { return store.MarkSent(product_, ids, now_, Deadline()); });
  }

  void CancelOne() {
    const Id id = AnyMessage();
    const Cancellation item{product_, absl::StrCat("cancel-", Below(200)), id.ToBytes().substr(8), id, now_};
    Both([&](Store& store) { return store.Cancel({&item, 1}, Deadline()); });
  }

  void Expire() {
    Both([&](Store& store) { return One(Expired(store.ExpireDue(now_, 1'000, Deadline()))); });
  }

  void ReleaseDue() {
    std::vector<push::Release> items = {{product_, AnyMessage(), {}, kDay, now_}};
    const std::vector<Message> due = *memory_.store().ListDueScheduled(std::nullopt, now_, 10, Deadline());
    for (const Message& m : due) {
      items.push_back({product_, m.id, {}, "2026-11-23", now_, static_cast<int64_t>(1 + Below(6))});
    }
    Both([&](Store& store) { return store.ReleaseScheduled(items, Deadline()); });
  }

  void CountSome() {
    std::vector<Message> recorded;
    CountReport report{product_, "gateway", static_cast<int64_t>(Below(40)), {}, now_};
    for (uint64_t i = Below(5); i > 0; --i) {
      recorded.push_back(Draft("", {TargetKind::kRoom, "r0"}, MessageClass::kLossy).draft);
      report.counts.push_back({recorded.back().id, static_cast<int64_t>(Below(9)), static_cast<int64_t>(Below(3))});
      messages_.push_back(recorded.back().id);
    }
    report.counts.push_back({AnyMessage(), 1, 0});
    const bool record_first = Below(2) == 0;
    if (record_first) Both([&](Store& store) { return store.RecordMessages(recorded, Deadline()); });
    Both([&](Store& store) { return store.AddCounts({&report, 1}, Deadline()); });
    if (!record_first) Both([&](Store& store) { return store.RecordMessages(recorded, Deadline()); });
  }

  void ChangeUsers() {
    const std::string request = absl::StrCat("users-", Below(300));
    const RoomUpdate room{product_, request, "f", "r0", {AnyUser(), AnyUser()}, now_};
    const TagUpdate tags{product_, request, "f", AnyUser(), {{Below(2) == 0 ? "a" : "b", "1"}}, {"a", "b"}, now_};
    const uint64_t what = Below(3);
    if (what == 0) Both([&](Store& store) { return store.AddRoomMembers({&room, 1}, Deadline()); });
    if (what == 1) Both([&](Store& store) { return store.RemoveRoomMembers({&room, 1}, Deadline()); });
    if (what == 2) Both([&](Store& store) { return store.UpdateTags({&tags, 1}, Deadline()); });
  }

  // Claims come in the order of their times, and those of one time in any: compared as sets, by Compare.
  void Repeat() {
    ASSERT_EQ(store_.ClaimRepeatDue(std::nullopt, now_, 1'000, Deadline())->size(),
              memory_.store().ClaimRepeatDue(std::nullopt, now_, 1'000, Deadline())->size());
  }
  void HandOver() {
    ASSERT_EQ(store_.ClaimVendorDue(now_, absl::Seconds(30), 1'000, Deadline())->size(),
              memory_.store().ClaimVendorDue(now_, absl::Seconds(30), 1'000, Deadline())->size());
  }

  void Compare() {
    Store& memory = memory_.store();
    const MessageFilter all{.limit = 10'000};
    const std::vector<Message> messages = *store_.ListMessages(product_, all, Deadline());
    EXPECT_EQ(messages, *memory.ListMessages(product_, all, Deadline()));
    const Id any = AnyMessage();
    EXPECT_EQ(*store_.ListRecipients(product_, any, {}, Deadline()),
              *memory.ListRecipients(product_, any, {}, Deadline()));
    const std::string user = AnyUser(), channel = Below(2) == 0 ? UserChannel(user) : "room:r0";
    EXPECT_EQ(*store_.ListUserMessages(product_, user, {}, Deadline()),
              *memory.ListUserMessages(product_, user, {}, Deadline()));
    const PendingQuery query{user, channel};
    const PendingPage pending = store_.ListPending(product_, {&query, 1}, 5, Deadline())->at(0);
    const PendingPage expected = memory.ListPending(product_, {&query, 1}, 5, Deadline())->at(0);
    EXPECT_EQ(pending.messages, expected.messages);
    EXPECT_EQ(pending.has_more, expected.has_more);
    EXPECT_EQ(*store_.ListUnsent({product_, channel}, 5, Deadline()),
              *memory.ListUnsent({product_, channel}, 5, Deadline()));
    EXPECT_EQ(*store_.ListChannelTail({product_, channel}, now_, 4, Deadline()),
              *memory.ListChannelTail({product_, channel}, now_, 4, Deadline()));
    for (const char* day : {kDay, "2026-11-23"}) {
      EXPECT_EQ(*store_.SummarizeDay(product_, day, Deadline()), *memory.SummarizeDay(product_, day, Deadline()));
    }
    EXPECT_EQ((*store_.CountOpenWork(now_, Deadline()))[product_], (*memory.CountOpenWork(now_, Deadline()))[product_]);
  }

  std::vector<std::string> EventsOf(Store& store) {
    std::vector<std::string> payloads;
    const std::vector<StoredEvent> events = *store.ListEvents(product_, 0, 100'000, Deadline());
    for (const StoredEvent& e : events) payloads.push_back(e.payload);
    return payloads;
  }

  std::mt19937_64 random_;
  Memory memory_;
  absl::Time now_ = kNow;
  std::vector<Id> messages_;
};

TEST(RandomTest, BothEnginesAreTheSame) {
  const char* given = std::getenv("TRIVIUM_SEED");
  std::vector<uint64_t> seeds = {1, 2, 3};
  if (given != nullptr) seeds = {std::strtoull(given, nullptr, 10)};
  for (const uint64_t seed : seeds) {
    SCOPED_TRACE(absl::StrCat("TRIVIUM_SEED=", seed));
    const auto mysql = NewMysqlUnderTest(TestDatabaseOptions());
    Twins(seed, *mysql).Run(250);
    // What is left must not be claimed in the next run.
    ASSERT_TRUE(mysql->store().ExpireDue(kNow + absl::Hours(24 * 365), 100'000, absl::Now() + absl::Minutes(1)).ok());
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace trivium::push
