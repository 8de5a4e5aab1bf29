#include "services/live/workers/announcer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/telemetry/metrics.h"
#include "services/live/room_view.h"
#include "services/live/store/memory_store.h"

namespace trivium::live {
namespace {

// Refuses what a test says; remembers what it took, repeats too.
class FakeSender : public RoomSender {
 public:
  absl::StatusOr<std::vector<absl::Status>> Send(const std::string&, const std::vector<Announcement>& items) override {
    if (!whole.ok()) return whole;
    std::vector<absl::Status> outcomes;
    for (const Announcement& item : items) {
      outcomes.push_back(refusals.empty() ? absl::OkStatus() : refusals.front());
      if (!refusals.empty()) refusals.erase(refusals.begin());
      if (outcomes.back().ok()) taken.push_back(item.room_id);
    }
    return outcomes;
  }
  std::vector<absl::Status> refusals;  // For the next items, in order.
  absl::Status whole;                  // For the whole call.
  std::vector<std::string> taken;
};

// Has no rooms to show while it is away; counts who asks for events.
class ForgetfulStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::StatusOr<Room> GetRoom(const std::string& product, const Id& room_id, absl::Time deadline) override {
    return away ? absl::UnavailableError("away") : MemoryStore::GetRoom(product, room_id, deadline);
  }
  absl::StatusOr<std::vector<StoredEvent>> ListEvents(const std::string& product, int64_t after, int limit,
                                                      absl::Time deadline) override {
    ++lists;
    return MemoryStore::ListEvents(product, after, limit, deadline);
  }
  bool away = false;
  int lists = 0;
};

class AnnouncerTest : public ::testing::Test {
 protected:
  // Makes a room and moves it twice: ROOM_CREATED (not announced), ROOM_STARTED, ROOM_ENDED.
  std::string MakeRoom() {
    NewRoom item;
    item.draft.id = ids_->Next();
    item.draft.product = "acme";
    item.draft.room_ref = absl::StrCat("r-", ++rooms_made_);
    item.draft.create_time = item.draft.update_time = clock_.Now();
    item.draft.start_time = clock_.Now();
    item.draft.end_time = clock_.Now() + absl::Hours(1);
    item.request_id = absl::StrCat("request-", rooms_made_);
    EXPECT_TRUE(store_.CreateRooms({&item, 1}, clock_.Now())[0].ok());
    for (const RoomEvent event : {RoomEvent::kStarted, RoomEvent::kEnded}) {
      const RoomChange change{
          .product = "acme", .room_id = item.draft.id, .step = {.event = event}, .now = clock_.Now()};
      EXPECT_TRUE(store_.ChangeRooms({&change, 1}, clock_.Now())[0].ok());
    }
    return FormatId(kRoomIdKind, item.draft.id);
  }
  int64_t Mark() { return store_.GetAnnounceMark("acme", clock_.Now()).value().value_or(0); }

  FakeClock clock_;
  Metrics all_metrics_;
  LiveMetrics metrics_{all_metrics_};
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(clock_);
  ForgetfulStore store_{*ids_, NewEventEncoder()};
  RoomCache rooms_{store_, clock_};
  FakeSender sender_;
  const std::unique_ptr<ha::LeaseStore> leases_ = ha::NewInMemoryLeaseStore(clock_);
  Leader leader_{"announce", "live-1", *leases_, clock_};
  Announcer announcer_{leader_,
                       {store_, rooms_, sender_, [] { return std::vector<std::string>{"acme"}; }, clock_, metrics_}};
  int rooms_made_ = 0;
};

TEST_F(AnnouncerTest, TellsEachEventOnceInOrder) {
  const std::string a = MakeRoom(), b = MakeRoom();
  EXPECT_FALSE(announcer_.Step());
  EXPECT_EQ(sender_.taken, (std::vector<std::string>{a, a, b, b}));
  EXPECT_EQ(Mark(), 6);
  EXPECT_FALSE(announcer_.Step());
  EXPECT_EQ(sender_.taken.size(), 4u);
}

TEST_F(AnnouncerTest, AsksNothingMoreOfProductsWithoutNews) {
  MakeRoom();
  announcer_.Step();
  const int asked = store_.lists;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(announcer_.Step());
  EXPECT_EQ(store_.lists, asked);
  MakeRoom();
  announcer_.Step();
  EXPECT_GT(store_.lists, asked);
}

TEST_F(AnnouncerTest, GoesOnWhereTroubleBegan) {
  const std::string a = MakeRoom();
  sender_.refusals = {absl::OkStatus(), absl::ResourceExhaustedError("quota")};
  announcer_.Step();
  EXPECT_EQ(sender_.taken, (std::vector<std::string>{a}));
  EXPECT_EQ(Mark(), 2);
  announcer_.Step();
  EXPECT_EQ(sender_.taken.size(), 1u) << "it rests";
  clock_.Advance(Announcer::kRest);
  announcer_.Step();
  EXPECT_EQ(sender_.taken, (std::vector<std::string>{a, a}));
  EXPECT_EQ(Mark(), 3);
}

TEST_F(AnnouncerTest, WhatIsRefusedForGoodHoldsNothingUp) {
  const std::string a = MakeRoom();
  sender_.refusals = {absl::InvalidArgumentError("no")};
  announcer_.Step();
  EXPECT_EQ(sender_.taken, (std::vector<std::string>{a}));
  EXPECT_EQ(Mark(), 3);
}

TEST_F(AnnouncerTest, APushThatIsAwayIsWaitedForAndOneThatHasNoSuchProductIsNot) {
  MakeRoom();
  sender_.whole = absl::UnavailableError("away");
  announcer_.Step();
  EXPECT_EQ(Mark(), 0);
  clock_.Advance(Announcer::kRest);
  sender_.whole = absl::FailedPreconditionError("PRODUCT_NOT_CONFIGURED");
  announcer_.Step();
  EXPECT_EQ(Mark(), 3);
  EXPECT_TRUE(sender_.taken.empty());
}

TEST_F(AnnouncerTest, ADatabaseThatIsAwayLosesNoEvent) {
  const std::string room = MakeRoom();
  announcer_.Step();
  Change joined{.sequence = 1, .time = clock_.Now(), .room = {"acme", *ParseId(kRoomIdKind, room)}, .user_id = "t-1"};
  joined.place.join_id = ids_->Next();
  joined.place.role = Role::kTeacher;
  joined.place.joined = clock_.Now();
  const DayOf day_of = [](const std::string&, absl::Time) { return std::string("2026-11-27"); };
  ASSERT_TRUE(store_.ApplyChanges("cell-a", 0, {&joined, 1}, day_of, clock_.Now()).ok());
  store_.away = true;
  clock_.Advance(RoomCache::kFresh);
  announcer_.Step();
  EXPECT_EQ(Mark(), 3);
  store_.away = false;
  clock_.Advance(Announcer::kRest);
  announcer_.Step();
  EXPECT_EQ(Mark(), 4);
  EXPECT_EQ(sender_.taken, (std::vector<std::string>{room, room, room}));
}

TEST_F(AnnouncerTest, OldNewsIsPassedOver) {
  MakeRoom();
  clock_.Advance(Announcer::kOfUse + absl::Seconds(2));
  announcer_.Step();
  EXPECT_TRUE(sender_.taken.empty());
  EXPECT_EQ(Mark(), 3);
}

TEST_F(AnnouncerTest, OneOfTwoInstancesTells) {
  Leader other_leader("announce", "live-2", *leases_, clock_);
  Announcer other(other_leader,
                  {store_, rooms_, sender_, [] { return std::vector<std::string>{"acme"}; }, clock_, metrics_});
  announcer_.Step();
  MakeRoom();
  other.Step();
  EXPECT_TRUE(sender_.taken.empty()) << "the first one leads";
  clock_.Advance(absl::Seconds(10));
  other.Step();
  EXPECT_EQ(sender_.taken.size(), 2u);
  announcer_.Step();
  EXPECT_EQ(sender_.taken.size(), 2u);
}

}  // namespace
}  // namespace trivium::live
