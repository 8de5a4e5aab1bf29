#include "services/live/store/store_conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/status/error.h"

namespace trivium::live {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);
constexpr char kDay[] = "2026-11-18";

DayOf OneDay() {
  return [](const std::string&, absl::Time) { return std::string(kDay); };
}

class StoreTest : public ::testing::Test {
 protected:
  absl::Time Deadline() const { return absl::Now() + absl::Seconds(20); }
  // Unique over the tests of a program: they share one database.
  std::string NewName(const std::string& prefix) const { return FormatId(prefix, ids_->Next()); }

  NewRoom Draft(const std::string& ref = "math-7") const {
    Room room{.id = ids_->Next(),
              .product = product_,
              .room_ref = ref,
              .type = RoomType::kLarge,
              .title = "数学 7",
              .institution_id = "school-1",
              .start_time = kNow + absl::Hours(1),
              .end_time = kNow + absl::Hours(2),
              .auto_end = true,
              .stage_size = 4,
              .staff_slots = 2,
              .capacity = {50, 500, 5000},
              .queue_size = 100,
              .close_delay = absl::Minutes(10)};
    room.create_time = room.update_time = kNow;
    return {.draft = room, .request_id = NewName("req"), .fingerprint = "same-one", .day = kDay};
  }
  absl::StatusOr<Room> Create(const NewRoom& item) { return store().CreateRooms({&item, 1}, Deadline())[0]; }
  absl::StatusOr<Room> Do(const RoomChange& item) { return store().ChangeRooms({&item, 1}, Deadline())[0]; }
  RoomChange Step(const Room& room, RoomEvent event, Method method = Method::kStartRoom) const {
    return {.product = room.product,
            .room_id = room.id,
            .step = {.event = event, .cell = cell_, .node = "node-a"},
            .method = method,
            .request_id = NewName("req"),
            .fingerprint = "same-one",
            .day = kDay,
            .now = kNow};
  }
  Change MakeChange(ChangeKind kind, int64_t sequence, const Room& room, const std::string& user,
                    const Id& join) const {
    Change change{.sequence = sequence,
                  .kind = kind,
                  .time = kNow + absl::Seconds(sequence),
                  .room = {room.product, room.id},
                  .user_id = user};
    change.place.join_id = join;
    change.place.epoch = sequence;
    change.place.rung = kind == ChangeKind::kQueued ? Rung::kWaiting : Rung::kFast;
    change.place.why = Why::kFreePlace;
    change.place.full[0] = Level::kRoom;
    change.place.joined = kNow;
    change.place.placed_at = kNow;
    return change;
  }
  std::vector<std::string> Events() {
    under_test_->Settle(product_);
    std::vector<std::string> texts;
    const auto found = store().ListEvents(product_, 0, 1000, Deadline());
    for (const StoredEvent& event : found.value()) texts.push_back(event.payload);
    return texts;
  }
  Store& store() { return under_test_->store(); }

  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  const std::unique_ptr<StoreUnderTest> under_test_ = NewStoreUnderTest();
  const std::string product_ = NewName("acme"), other_ = NewName("globex"), cell_ = NewName("cell");
};

TEST_F(StoreTest, KeepsARoomAsItWasGiven) {
  const NewRoom item = Draft();
  const auto created = Create(item);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(*created, item.draft);
  EXPECT_EQ(store().GetRoom(product_, item.draft.id, Deadline()).value(), item.draft);
  EXPECT_EQ(store().GetRoomByRef(product_, "math-7", Deadline()).value(), item.draft);
  EXPECT_EQ(ReasonOf(store().GetRoom(other_, item.draft.id, Deadline()).status()), "ROOM_NOT_FOUND");
  EXPECT_EQ(ReasonOf(store().GetRoomByRef(other_, "math-7", Deadline()).status()), "ROOM_NOT_FOUND");
}

TEST_F(StoreTest, RepeatsOfARequestAnswerTheRoom) {
  const NewRoom item = Draft();
  ASSERT_TRUE(Create(item).ok());
  NewRoom again = item;
  again.draft.id = ids_->Next();
  EXPECT_EQ(Create(again).value().id, item.draft.id);
  again.fingerprint = "other-f-";
  EXPECT_EQ(ReasonOf(Create(again).status()), "IDEMPOTENCY_KEY_REUSED");
  RoomChange start = Step(item.draft, RoomEvent::kStarted);
  EXPECT_EQ(Do(start).value().version, 2);
  EXPECT_EQ(Do(start).value().version, 2);
  EXPECT_EQ(Events(), (std::vector<std::string>{"room 1 SCHEDULED 1", "room 3 LIVE 2"}));
}

TEST_F(StoreTest, ANameIsFreeAgainWhenItsRoomIsOver) {
  const NewRoom first = Draft();
  ASSERT_TRUE(Create(first).ok());
  const NewRoom second = Draft();
  const auto taken = Create(second);
  EXPECT_EQ(ReasonOf(taken.status()), "ROOM_REF_TAKEN");
  EXPECT_EQ(MetadataOf(taken.status(), "room_id"), FormatId("room", first.draft.id));
  NewRoom others = Draft();
  others.draft.product = other_;
  EXPECT_TRUE(Create(others).ok()) << "another product's names are its own";
  ASSERT_TRUE(Do(Step(first.draft, RoomEvent::kCanceled, Method::kEndRoom)).ok());
  EXPECT_EQ(ReasonOf(Create(second).status()), "ROOM_REF_TAKEN") << "a decline is an answer, too";
  const NewRoom third = Draft();
  ASSERT_TRUE(Create(third).ok());
  EXPECT_EQ(store().GetRoomByRef(product_, "math-7", Deadline()).value().id, third.draft.id);
}

TEST_F(StoreTest, MovesRoomsByTheTableAndCountsTheDay) {
  const NewRoom item = Draft();
  ASSERT_TRUE(Create(item).ok());
  const auto live = Do(Step(item.draft, RoomEvent::kStarted));
  ASSERT_TRUE(live.ok()) << live.status();
  EXPECT_EQ(live->state, RoomState::kLive);
  EXPECT_EQ(live->node, "node-a");
  EXPECT_EQ(*live, store().GetRoom(product_, item.draft.id, Deadline()).value());
  EXPECT_EQ(ReasonOf(Do(Step(*live, RoomEvent::kClosed)).status()), "ROOM_OVER");
  RoomChange patch = Step(*live, RoomEvent::kStarted, Method::kUpdateRoom);
  patch.step = {.patch = {.title = "新", .seats = 5}};
  EXPECT_EQ(ReasonOf(Do(patch).status()), "ROOM_NOT_CHANGEABLE");
  patch.request_id = NewName("req");
  patch.step = {.patch = {.title = "新"}};
  EXPECT_EQ(Do(patch).value().title, "新");
  RoomChange end = Step(*live, RoomEvent::kEnded, Method::kEndRoom);
  end.step.reason = RoomReason::kEndedByProduct;
  const auto ended = Do(end);
  EXPECT_EQ(ended.value().close_time, kNow + absl::Minutes(10));
  RoomChange close = Step(*live, RoomEvent::kClosed);
  close.request_id.clear();
  EXPECT_EQ(Do(close).value().state, RoomState::kClosed);
  EXPECT_EQ(Do(close).value().version, 5) << "live's own doing is the same the second time";
  EXPECT_EQ(ReasonOf(Do(Step(*live, RoomEvent::kStarted)).status()), "ROOM_OVER");
  RoomChange nobody = Step(*live, RoomEvent::kStarted);
  nobody.room_id = ids_->Next();
  EXPECT_EQ(ReasonOf(Do(nobody).status()), "ROOM_NOT_FOUND");
  EXPECT_EQ(Events(), (std::vector<std::string>{"room 1 SCHEDULED 1", "room 3 LIVE 2", "room 2 LIVE 3",
                                                "room 4 ENDED 4", "room 5 CLOSED 5"}));
  EXPECT_EQ(store().SummarizeDay(product_, kDay, Deadline()).value(),
            (DayCounts{
                {{"rooms", "CREATED"}, 1}, {{"rooms", "LIVE"}, 1}, {{"rooms", "ENDED"}, 1}, {{"rooms", "CLOSED"}, 1}}));
  EXPECT_TRUE(store().SummarizeDay(product_, "2026-11-19", Deadline()).value().empty());
}

TEST_F(StoreTest, TwoWhoStartAtOnceStartOnce) {
  const NewRoom item = Draft();
  ASSERT_TRUE(Create(item).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back(
        [&, change = Step(item.draft, RoomEvent::kStarted)] { EXPECT_EQ(Do(change).value().version, 2); });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(StoreTest, OneOfTwoGetsTheName) {
  const NewRoom items[] = {Draft(), Draft(), Draft(), Draft()};
  std::atomic<int> created = 0;
  std::vector<std::thread> threads;
  for (const NewRoom& item : items) {
    threads.emplace_back([&] {
      const auto room = Create(item);
      EXPECT_TRUE(room.ok() || ReasonOf(room.status()) == "ROOM_REF_TAKEN") << room.status();
      created += room.ok();
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(created, 1);
}

TEST_F(StoreTest, ListsByFiltersAndPages) {
  std::vector<Room> rooms;
  for (int i = 0; i < 5; ++i) {
    NewRoom item = Draft(absl::StrCat("r", i));
    if (i % 2 == 1) item.draft.institution_id = "school-2";
    ASSERT_TRUE(Create(item).ok());
    rooms.push_back(item.draft);
  }
  ASSERT_TRUE(Do(Step(rooms[1], RoomEvent::kStarted)).ok());
  const auto list = [&](const RoomFilter& filter) {
    std::string refs;
    const auto found = store().ListRooms(product_, filter, Deadline());
    for (const Room& room : found.value()) refs += room.room_ref + " ";
    return refs;
  };
  EXPECT_EQ(list({}), "r4 r3 r2 r1 r0 ");
  EXPECT_EQ(list({.limit = 2}), "r4 r3 ");
  EXPECT_EQ(list({.before = rooms[3].id, .limit = 2}), "r2 r1 ");
  EXPECT_EQ(list({.state = RoomState::kLive}), "r1 ");
  EXPECT_EQ(list({.institution_id = "school-2"}), "r3 r1 ");
  EXPECT_EQ(list({.state = RoomState::kScheduled, .institution_id = "school-2"}), "r3 ");
}

TEST_F(StoreTest, FindsWhatIsDueAndWhatIsOpen) {
  NewRoom item = Draft();
  item.draft.auto_start = true;
  item.draft.start_time = absl::FromUnixSeconds(1'000);  // Before every other test's.
  item.draft.end_time = absl::FromUnixSeconds(2'000);
  ASSERT_TRUE(Create(item).ok());
  const auto is_due = [&](int64_t second) {
    const auto found = store().ListDueRooms(absl::FromUnixSeconds(second), 0, 10, Deadline());
    for (const Room& room : found.value()) {
      if (room.id == item.draft.id) return true;
    }
    return false;
  };
  EXPECT_FALSE(is_due(999));
  EXPECT_TRUE(is_due(1'000));
  ASSERT_TRUE(Do(Step(item.draft, RoomEvent::kStarted)).ok());
  EXPECT_FALSE(is_due(1'999));
  EXPECT_TRUE(is_due(2'000));
  EXPECT_EQ(store().ListOpenRooms(cell_, Id(), 10, Deadline()).value().size(), 1u);
  EXPECT_EQ(store().ListOpenRooms(cell_, item.draft.id, 10, Deadline()).value().size(), 0u);
  ASSERT_TRUE(store().MoveRoom(product_, item.draft.id, cell_ + "-b", "node-b", Deadline()).ok());
  EXPECT_EQ(store().ListOpenRooms(cell_, Id(), 10, Deadline()).value().size(), 0u);
  EXPECT_EQ(store().ListOpenRooms(cell_ + "-b", Id(), 10, Deadline()).value().at(0).node, "node-b");
  EXPECT_EQ(ReasonOf(store().MoveRoom(other_, item.draft.id, cell_, "n", Deadline())), "ROOM_NOT_FOUND");
  RoomChange end = Step(item.draft, RoomEvent::kEnded, Method::kEndRoom);
  ASSERT_TRUE(Do(end).ok());
  RoomChange close = Step(item.draft, RoomEvent::kClosed, Method::kEndRoom);
  ASSERT_TRUE(Do(close).ok());
  EXPECT_FALSE(is_due(2'000'000'000)) << "over";
}

TEST_F(StoreTest, RemembersTheCellsThatRoomsHaveLeft) {
  const std::string b = cell_ + "-b", c = cell_ + "-c";
  std::vector<RoomId> rooms;
  for (int i = 0; i < 3; ++i) {
    const NewRoom item = Draft(absl::StrCat("room-", i));
    ASSERT_TRUE(Create(item).ok());
    ASSERT_TRUE(Do(Step(item.draft, RoomEvent::kStarted)).ok());
    rooms.push_back({product_, item.draft.id});
    ASSERT_TRUE(store().MoveRoom(product_, item.draft.id, b, "node-b", Deadline()).ok());
  }
  const auto left = [&](const std::string& cell, const RoomId& after = {}, int limit = 10) {
    return store().ListRoomsThatLeft(cell, after, limit, Deadline()).value();
  };
  EXPECT_EQ(left(cell_), rooms);
  EXPECT_EQ(left(cell_, {}, 2), (std::vector<RoomId>{rooms[0], rooms[1]}));
  EXPECT_EQ(left(cell_, rooms[1]), (std::vector<RoomId>{rooms[2]}));
  EXPECT_TRUE(left(b).empty());
  ASSERT_TRUE(store().MoveRoom(product_, rooms[0].room_id, c, "node-c", Deadline()).ok());
  EXPECT_EQ(left(b), (std::vector<RoomId>{rooms[0]}));
  EXPECT_EQ(left(cell_), rooms) << "it left two cells";
  ASSERT_TRUE(store().MoveRoom(product_, rooms[0].room_id, b, "node-b", Deadline()).ok());
  EXPECT_TRUE(left(b).empty()) << "it came back";
  ASSERT_TRUE(store().MoveRoom(product_, rooms[0].room_id, b, "node-b2", Deadline()).ok());
  EXPECT_TRUE(left(b).empty()) << "another node is no other cell";
  ASSERT_TRUE(store().ForgetRoomThatLeft(cell_, rooms[1], Deadline()).ok());
  ASSERT_TRUE(store().ForgetRoomThatLeft(cell_, rooms[1], Deadline()).ok());
  EXPECT_EQ(left(cell_), (std::vector<RoomId>{rooms[0], rooms[2]}));
}

TEST_F(StoreTest, AChangeThatIsSetAsideIsBehindTheMark) {
  const NewRoom item = Draft();
  ASSERT_TRUE(Create(item).ok());
  const std::vector<Change> changes = {MakeChange(ChangeKind::kJoined, 10, item.draft, "u-1", ids_->Next()),
                                       MakeChange(ChangeKind::kJoined, 15, item.draft, "u-2", ids_->Next())};
  const absl::Status why = absl::InternalError(std::string(5000, 'x'));
  ASSERT_TRUE(store().SetAside(cell_, 0, changes[0], why, Deadline()).ok());
  EXPECT_EQ(store().GetDrainMark(cell_, Deadline()).value().sequence, 10);
  EXPECT_EQ(ReasonOf(store().SetAside(cell_, 0, changes[0], why, Deadline())), "DRAIN_MARK_MOVED");
  ASSERT_TRUE(store().ApplyChanges(cell_, 10, std::span(changes).subspan(1), OneDay(), Deadline()).ok());
  const auto stays = store().ListStays(product_, item.draft.id, Id(), 10, Deadline()).value();
  ASSERT_EQ(stays.size(), 1u);
  EXPECT_EQ(stays[0].user_id, "u-2");
}

TEST_F(StoreTest, TellsWhoseEventsAreNotAnnounced) {
  const auto is_unannounced = [&](const std::string& product) {
    const std::vector<std::string> all = store().ListUnannounced(Deadline()).value();
    return std::ranges::find(all, product) != all.end();
  };
  EXPECT_FALSE(is_unannounced(product_));
  ASSERT_TRUE(Create(Draft()).ok());
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_TRUE(is_unannounced(product_));
  EXPECT_FALSE(is_unannounced(other_));
  ASSERT_TRUE(store().SetAnnounceMark(product_, 1, Deadline()).ok());
  EXPECT_FALSE(is_unannounced(product_));
}

TEST_F(StoreTest, StoresEachChangeOnce) {
  const NewRoom item = Draft();
  ASSERT_TRUE(Create(item).ok());
  const Id a = ids_->Next(), b = ids_->Next();
  Change left = MakeChange(ChangeKind::kLeft, 30, item.draft, "u-1", a);
  left.cause = LeaveCause::kExpired;
  const std::vector<Change> changes = {MakeChange(ChangeKind::kQueued, 10, item.draft, "u-1", a),
                                       MakeChange(ChangeKind::kJoined, 15, item.draft, "u-2", b),
                                       MakeChange(ChangeKind::kAdmitted, 20, item.draft, "u-1", a), left};
  EXPECT_EQ(store().GetDrainMark(cell_, Deadline()).value().sequence, 0);
  ASSERT_TRUE(store().ApplyChanges(cell_, 0, std::span(changes).first(2), OneDay(), Deadline()).ok());
  EXPECT_EQ(ReasonOf(store().ApplyChanges(cell_, 0, changes, OneDay(), Deadline())), "DRAIN_MARK_MOVED");
  ASSERT_TRUE(store().ApplyChanges(cell_, 15, std::span(changes).subspan(2), OneDay(), Deadline()).ok());
  EXPECT_EQ(store().GetDrainMark(cell_, Deadline()).value().sequence, 30);
  const auto stays = store().ListStays(product_, item.draft.id, Id(), 10, Deadline()).value();
  ASSERT_EQ(stays.size(), 2u);
  EXPECT_EQ(stays[0], (Stay{.product = product_,
                            .room_id = item.draft.id,
                            .user_id = "u-1",
                            .place = left.place,
                            .state = StayState::kLeft,
                            .leave_time = left.time,
                            .reason = LeaveReason::kExpired,
                            .sequence = 30,
                            .cell = cell_}));
  EXPECT_EQ(stays[1].place, changes[1].place);
  EXPECT_EQ(store().ListStays(product_, item.draft.id, a, 10, Deadline()).value().size(), 1u);
  EXPECT_EQ(Events(), (std::vector<std::string>{"room 1 SCHEDULED 1", "stay 7 u-1 1", "stay 8 u-2 2", "stay 8 u-1 2",
                                                "stay 12 u-1 3"}));
  EXPECT_EQ(
      store().SummarizeDay(product_, kDay, Deadline()).value(),
      (DayCounts{
          {{"rooms", "CREATED"}, 1}, {{"queued", ""}, 1}, {{"joins", "2/1"}, 2}, {{"leaves", "LEASE_EXPIRED"}, 1}}));
}

TEST_F(StoreTest, OfManyDrainersOneWins) {
  const NewRoom item = Draft();
  ASSERT_TRUE(Create(item).ok());
  const std::vector<Change> changes = {MakeChange(ChangeKind::kJoined, 10, item.draft, "u-1", ids_->Next())};
  std::atomic<int> stored = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const absl::Status status = store().ApplyChanges(cell_, 0, changes, OneDay(), Deadline());
      EXPECT_TRUE(status.ok() || ReasonOf(status) == "DRAIN_MARK_MOVED") << status;
      stored += status.ok();
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(StoreTest, EndsStaysThatRedisHasLost) {
  const NewRoom item = Draft();
  ASSERT_TRUE(Create(item).ok());
  const Id a = ids_->Next(), b = ids_->Next(), c = ids_->Next();
  const std::vector<Change> changes = {MakeChange(ChangeKind::kJoined, 10, item.draft, "u-1", a),
                                       MakeChange(ChangeKind::kQueued, 11, item.draft, "u-2", b),
                                       MakeChange(ChangeKind::kJoined, 12, item.draft, "u-3", c),
                                       MakeChange(ChangeKind::kResumed, 25, item.draft, "u-3", c)};
  ASSERT_TRUE(store().ApplyChanges(cell_, 0, changes, OneDay(), Deadline()).ok());
  const auto end = [&](int limit) {
    return store().EndLostStays(cell_, 20, kNow + absl::Hours(1), OneDay(), limit, Deadline()).value();
  };
  EXPECT_EQ(end(1), 1);
  EXPECT_EQ(store().GetDrainMark(cell_, Deadline()).value().lost_before, 0);
  EXPECT_EQ(end(10), 1);
  EXPECT_EQ(end(10), 0);
  EXPECT_EQ(store().GetDrainMark(cell_, Deadline()).value().lost_before, 20);
  const auto stays = store().ListStays(product_, item.draft.id, Id(), 10, Deadline()).value();
  ASSERT_EQ(stays.size(), 3u);
  EXPECT_EQ(stays[0].reason, LeaveReason::kRedisLost);
  EXPECT_EQ(stays[1].reason, LeaveReason::kRedisLost);
  EXPECT_EQ(stays[0].sequence, 20) << "after all that it had, before all that came after the loss";
  EXPECT_EQ(stays[2].state, StayState::kJoined) << "came back";
  EXPECT_EQ((store().SummarizeDay(product_, kDay, Deadline()).value()[{"leaves", "REDIS_LOST"}]), 2);
}

TEST_F(StoreTest, ListsWhatIsDueBehindWhatDoesNotMove) {
  std::vector<Id> ids;
  for (int i = 0; i < 3; ++i) {
    NewRoom item = Draft("due-" + std::to_string(i));
    item.draft.auto_start = true;
    item.draft.start_time = absl::FromUnixSeconds(500 + i);  // Before every other test's.
    item.draft.end_time = absl::FromUnixSeconds(2'000);
    ASSERT_TRUE(Create(item).ok());
    ids.push_back(item.draft.id);
  }
  const auto due = [&](int skip, int limit) {
    const auto found = store().ListDueRooms(absl::FromUnixSeconds(600), skip, limit, Deadline());
    std::vector<Id> listed;
    for (const Room& room : found.value()) listed.push_back(room.id);
    return listed;
  };
  EXPECT_EQ(due(0, 10), ids);
  EXPECT_EQ(due(1, 1), std::vector<Id>{ids[1]});
  EXPECT_EQ(due(3, 10), std::vector<Id>{});
  for (const Id& id : ids) ASSERT_TRUE(Do(Step({.id = id, .product = product_}, RoomEvent::kCanceled)).ok());
}

TEST_F(StoreTest, ListsRoomsThatBecameOverInATime) {
  const absl::Time then = kNow + absl::Hours(24 * 3000);  // No other test's.
  const NewRoom closed = Draft("closed"), canceled = Draft("canceled"), open = Draft("open");
  for (const NewRoom* item : {&closed, &canceled, &open}) ASSERT_TRUE(Create(*item).ok());
  for (const NewRoom* item : {&closed, &open}) ASSERT_TRUE(Do(Step(item->draft, RoomEvent::kStarted)).ok());
  ASSERT_TRUE(Do(Step(closed.draft, RoomEvent::kEnded, Method::kEndRoom)).ok());
  RoomChange close = Step(closed.draft, RoomEvent::kClosed, Method::kEndRoom);
  close.now = then + absl::Seconds(1);
  ASSERT_TRUE(Do(close).ok());
  RoomChange cancel = Step(canceled.draft, RoomEvent::kCanceled, Method::kEndRoom);
  cancel.now = then;
  ASSERT_TRUE(Do(cancel).ok());
  const auto over = [&](absl::Time from, absl::Time to, int limit) {
    std::string refs;
    const auto found = store().ListRoomsOver(from, to, limit, Deadline());
    for (const Room& room : found.value()) refs += room.room_ref + " ";
    return refs;
  };
  EXPECT_EQ(over(then, then + absl::Minutes(1), 10), "canceled closed ");
  EXPECT_EQ(over(then, then + absl::Minutes(1), 1), "canceled ");
  EXPECT_EQ(over(then, then + absl::Seconds(1), 10), "canceled ");
  EXPECT_EQ(over(then + absl::Seconds(2), then + absl::Minutes(1), 10), "");
}

TEST_F(StoreTest, EndsOpenStaysOfOneRoom) {
  const NewRoom item = Draft("one"), other = Draft("other");
  ASSERT_TRUE(Create(item).ok());
  ASSERT_TRUE(Create(other).ok());
  Change left = MakeChange(ChangeKind::kLeft, 10, item.draft, "u-1", ids_->Next());
  left.cause = LeaveCause::kLeft;
  const std::vector<Change> changes = {left, MakeChange(ChangeKind::kJoined, 11, item.draft, "u-2", ids_->Next()),
                                       MakeChange(ChangeKind::kQueued, 12, item.draft, "u-3", ids_->Next()),
                                       MakeChange(ChangeKind::kJoined, 13, other.draft, "u-4", ids_->Next())};
  ASSERT_TRUE(store().ApplyChanges(cell_, 0, changes, OneDay(), Deadline()).ok());
  const auto end = [&](const std::string& cell, int limit) {
    return store()
        .EndStaysOfRoom(cell, {product_, item.draft.id}, kNow + absl::Hours(1), OneDay(), limit, Deadline())
        .value();
  };
  EXPECT_EQ(end("another-cell", 10), 0);
  EXPECT_EQ(end(cell_, 1), 1);
  EXPECT_EQ(end(cell_, 10), 1);
  EXPECT_EQ(end(cell_, 10), 0);
  std::string reasons;
  const auto stays = store().ListStays(product_, item.draft.id, Id(), 10, Deadline());
  for (const Stay& stay : stays.value()) reasons += std::string(ReasonName(stay.reason)) + " ";
  EXPECT_EQ(reasons, "LEFT REDIS_LOST REDIS_LOST ");
  EXPECT_EQ(stays.value()[2].sequence, 13) << "an end of its own";
  EXPECT_EQ(store().ListStays(product_, other.draft.id, Id(), 10, Deadline()).value()[0].state, StayState::kJoined);
  EXPECT_EQ(store().GetDrainMark(cell_, Deadline()).value().lost_before, 0);
  EXPECT_EQ((store().SummarizeDay(product_, kDay, Deadline()).value()[{"leaves", "REDIS_LOST"}]), 2);
}

TEST_F(StoreTest, ListsStaysOfARoomAndOfAUserNewestFirst) {
  const NewRoom one = Draft("one"), two = Draft("two");
  NewRoom others = Draft("others");
  others.draft.product = other_;
  for (const NewRoom& item : {one, two, others}) ASSERT_TRUE(Create(item).ok());
  std::vector<Id> joins;
  for (int i = 0; i < 5; ++i) joins.push_back(ids_->Next());
  Change left = MakeChange(ChangeKind::kLeft, 14, one.draft, "u-1", joins[0]);
  left.cause = LeaveCause::kExpired;
  const std::vector<Change> changes = {MakeChange(ChangeKind::kJoined, 10, one.draft, "u-1", joins[0]),
                                       MakeChange(ChangeKind::kJoined, 11, one.draft, "u-2", joins[1]),
                                       MakeChange(ChangeKind::kQueued, 12, two.draft, "u-1", joins[2]),
                                       MakeChange(ChangeKind::kJoined, 13, others.draft, "u-1", joins[3]),
                                       left,
                                       MakeChange(ChangeKind::kJoined, 15, one.draft, "u-1", joins[4])};
  ASSERT_TRUE(store().ApplyChanges(cell_, 0, changes, OneDay(), Deadline()).ok());
  const auto ids_of = [](const absl::StatusOr<std::vector<Stay>>& stays) {
    std::vector<Id> ids;
    for (const Stay& stay : stays.value()) ids.push_back(stay.place.join_id);
    return ids;
  };
  const auto of_room = [&](const Id& before, int limit) {
    return ids_of(store().ListStaysOfRoom(product_, one.draft.id, before, limit, Deadline()));
  };
  EXPECT_EQ(of_room(Id(), 10), (std::vector<Id>{joins[4], joins[1], joins[0]}));
  EXPECT_EQ(of_room(Id(), 1), (std::vector<Id>{joins[4]}));
  EXPECT_EQ(of_room(joins[4], 1), (std::vector<Id>{joins[1]}));
  EXPECT_EQ(ids_of(store().ListStaysOfRoom(other_, one.draft.id, Id(), 10, Deadline())), std::vector<Id>{});
  const auto of_user = [&](const std::string& user, const Id& before, int limit) {
    return ids_of(store().ListStaysOfUser(product_, user, before, limit, Deadline()));
  };
  EXPECT_EQ(of_user("u-1", Id(), 10), (std::vector<Id>{joins[4], joins[2], joins[0]}));
  EXPECT_EQ(of_user("u-1", joins[4], 1), (std::vector<Id>{joins[2]}));
  EXPECT_EQ(of_user("u-", Id(), 10), std::vector<Id>{});
  const auto stays = store().ListStaysOfUser(product_, "u-1", Id(), 10, Deadline());
  EXPECT_EQ((*stays)[2].reason, LeaveReason::kExpired);
  EXPECT_EQ((*stays)[1].state, StayState::kQueued);
}

TEST_F(StoreTest, ListsEventsOfOneRoomNewestFirst) {
  const NewRoom one = Draft("one"), two = Draft("two");
  ASSERT_TRUE(Create(one).ok());
  ASSERT_TRUE(Create(two).ok());
  ASSERT_TRUE(Do(Step(one.draft, RoomEvent::kStarted)).ok());
  const std::vector<Change> changes = {MakeChange(ChangeKind::kJoined, 10, one.draft, "u-1", ids_->Next()),
                                       MakeChange(ChangeKind::kJoined, 11, two.draft, "u-2", ids_->Next())};
  ASSERT_TRUE(store().ApplyChanges(cell_, 0, changes, OneDay(), Deadline()).ok());
  const std::vector<std::string> all = Events();
  const auto events = store().ListRoomEvents(product_, one.draft.id, 0, 10, Deadline());
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[1].payload, "room 3 LIVE 2");
  EXPECT_EQ((*events)[2].payload, "room 1 SCHEDULED 1");
  for (const StoredEvent& event : *events) EXPECT_EQ(all[static_cast<size_t>(event.seq - 1)], event.payload);
  const auto older = store().ListRoomEvents(product_, one.draft.id, (*events)[0].seq, 1, Deadline());
  ASSERT_EQ(older->size(), 1u);
  EXPECT_EQ((*older)[0].seq, (*events)[1].seq);
  EXPECT_TRUE(store().ListRoomEvents(other_, one.draft.id, 0, 10, Deadline())->empty());
}

TEST_F(StoreTest, KeepsBansAndMarks) {
  const RoomId room{product_, ids_->Next()};
  ASSERT_TRUE(store().AddBan(room, {"u-1", kNow + absl::Hours(1)}, Deadline()).ok());
  ASSERT_TRUE(store().AddBan(room, {"u-2", kNow + absl::Hours(2)}, Deadline()).ok());
  ASSERT_TRUE(store().AddBan(room, {"u-1", kNow + absl::Hours(3)}, Deadline()).ok());
  const auto bans = [&](absl::Duration later, int limit) {
    std::string users;
    const auto found = store().ListBans(room, kNow + later, limit, Deadline());
    for (const Ban& ban : found.value()) users += ban.user_id + " ";
    return users;
  };
  EXPECT_EQ(bans(absl::ZeroDuration(), 10), "u-1 u-2 ");
  EXPECT_EQ(bans(absl::ZeroDuration(), 1), "u-1 ");
  EXPECT_EQ(bans(absl::Hours(2), 10), "u-1 ");
  EXPECT_EQ(store().GetAnnounceMark(product_, Deadline()).value(), std::nullopt);
  ASSERT_TRUE(store().SetAnnounceMark(product_, 7, Deadline()).ok());
  ASSERT_TRUE(store().SetAnnounceMark(product_, 3, Deadline()).ok());
  EXPECT_EQ(store().GetAnnounceMark(product_, Deadline()).value(), 7);
}

TEST_F(StoreTest, AddsCountsOfDays) {
  const DayAddition items[] = {{product_, kDay, {{{"qoe/1", "watch_ms"}, 5}, {{"refusals", "GRANT_MISSING"}, 1}}},
                               {product_, kDay, {{{"qoe/1", "watch_ms"}, 7}}},
                               {other_, kDay, {{{"qoe/1", "watch_ms"}, 9}}}};
  ASSERT_TRUE(store().AddCounts(items, Deadline()).ok());
  ASSERT_TRUE(store().AddCounts(std::span(items).first(1), Deadline()).ok());
  EXPECT_EQ(store().SummarizeDay(product_, kDay, Deadline()).value(),
            (DayCounts{{{"qoe/1", "watch_ms"}, 17}, {{"refusals", "GRANT_MISSING"}, 2}}));
}

TEST_F(StoreTest, PurgesOnlyWhatIsOver) {
  const NewRoom open = Draft("open"), over = Draft("over");
  ASSERT_TRUE(Create(open).ok());
  ASSERT_TRUE(Create(over).ok());
  ASSERT_TRUE(Do(Step(over.draft, RoomEvent::kCanceled, Method::kEndRoom)).ok());
  Change left = MakeChange(ChangeKind::kLeft, 11, open.draft, "u-1", ids_->Next());
  left.cause = LeaveCause::kLeft;
  const std::vector<Change> changes = {MakeChange(ChangeKind::kJoined, 10, open.draft, "u-2", ids_->Next()), left};
  ASSERT_TRUE(store().ApplyChanges(cell_, 0, changes, OneDay(), Deadline()).ok());
  const absl::Time later = kNow + absl::Hours(24);
  EXPECT_GE(store().PurgeRooms(later, 1000, Deadline()).value(), 1);
  EXPECT_GE(store().PurgeStays(later, 1000, Deadline()).value(), 1);
  EXPECT_TRUE(store().GetRoom(product_, open.draft.id, Deadline()).ok());
  EXPECT_EQ(ReasonOf(store().GetRoom(product_, over.draft.id, Deadline()).status()), "ROOM_NOT_FOUND");
  EXPECT_EQ(store().ListStays(product_, open.draft.id, Id(), 10, Deadline()).value().size(), 1u);
  const RoomId room{product_, open.draft.id};
  ASSERT_TRUE(store().AddBan(room, {"u-9", kNow}, Deadline()).ok());
  EXPECT_GE(store().PurgeRecords(later + kRequestRetention, 1000, Deadline()).value(), 3);
  NewRoom again = open;
  again.draft.id = ids_->Next();
  EXPECT_EQ(ReasonOf(Create(again).status()), "ROOM_REF_TAKEN") << "the key is forgotten, the name is not";
}

}  // namespace
}  // namespace trivium::live
