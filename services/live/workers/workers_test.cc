// The drainer, the keeper, the timetable and the sweeper, each as its one worker.
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "libs/status/error.h"
#include "services/live/cell_under_test.h"
#include "services/live/workers/drainer.h"
#include "services/live/workers/keeper.h"
#include "services/live/workers/lifecycle.h"
#include "services/live/workers/sweeper.h"

namespace trivium::live {
namespace {

struct WorkersTest : ::testing::Test, CellUnderTest {
  void DrainAll() {
    while (drainer.Step()) {
    }
  }
  void SweepAll() {
    while (sweeper.Step()) {
    }
  }
  // As Prometheus reads it; -1: there is no such series.
  double Series(const std::string& name) {
    const std::string all = all_metrics.Expose();
    for (const absl::string_view line : absl::StrSplit(all, '\n')) {
      const std::pair<std::string, std::string> parts = absl::StrSplit(line, ' ');
      double value = 0;
      if (parts.first == name && absl::SimpleAtod(parts.second, &value)) return value;
    }
    return -1;
  }
  Room CloseRoom(const Room& room) {
    Move(room, RoomEvent::kEnded);
    EXPECT_TRUE(cell.Close({room.product, room.id}, Deadline()).ok());
    return Move(room, RoomEvent::kClosed);
  }

  const std::unique_ptr<ha::LeaseStore> leases = ha::NewInMemoryLeaseStore(clock);
  Leader drain_leader{"drain", "live-1", *leases, clock}, timetable_leader{"timetable", "live-1", *leases, clock},
      sweep_leader{"sweep", "live-1", *leases, clock};
  Drainer drainer{drain_leader, {cell, store, OneDay(), [] {}, clock, metrics}};
  Lifecycle lifecycle{
      timetable_leader,
      {cell, store, OneDay(), [](const std::string& product) { return product == "acme"; }, [] {}, clock, metrics}};
  Keeper keeper{{cell, capacities, [this] { return products; }, 1000, clock, metrics}};
  Sweeper sweeper{sweep_leader, {cell, store, OneDay(), [] {}, clock, metrics}};
};

TEST_F(WorkersTest, ABusyCellEndsTheStaysThatRedisHasLost) {
  const Room room = OpenRoom();
  ASSERT_TRUE(Join(room, "gone").ok());
  DrainAll();
  clock.Advance(absl::Seconds(1));
  admission->Lose();
  ASSERT_EQ(ReasonOf(Join(room, "u-0").status()), "REBUILDING");
  // From now on the drainer never looks without finding something.
  for (int i = 1; i < 5; ++i) {
    clock.Advance(absl::Seconds(31));
    ASSERT_TRUE(Join(room, absl::StrCat("u-", i)).ok());
    drainer.Step();
  }
  const std::vector<Stay> stays = StaysOf(room);
  ASSERT_FALSE(stays.empty());
  EXPECT_EQ(stays[0].user_id, "gone");
  EXPECT_EQ(stays[0].reason, LeaveReason::kRedisLost);
}

TEST_F(WorkersTest, TheLagGrowsWhileNothingCanBeStored) {
  const std::string lag = "trivium_live_drain_lag_seconds";
  const Room room = OpenRoom();
  ASSERT_TRUE(Join(room, "u-1").ok());
  DrainAll();
  keeper.Count();
  EXPECT_EQ(Series(lag), 0);
  ASSERT_TRUE(Join(room, "u-2").ok());
  store.away = true;
  for (int i = 1; i <= 3; ++i) {
    clock.Advance(absl::Seconds(10));
    drainer.Step();
    keeper.Count();
    EXPECT_EQ(Series(lag), 10 * i);
  }
  store.away = false;
  clock.Advance(absl::Seconds(2));
  DrainAll();
  keeper.Count();
  EXPECT_EQ(Series(lag), 0);
  const LeaveRequest leave{.room = {room.product, room.id}, .user_id = "u-1"};
  ASSERT_TRUE(admission->Leave({&leave, 1}, cell.CallUntil(Deadline()))[0].ok());
  DrainAll();
  EXPECT_EQ(Series("trivium_live_leaves_total{product=\"acme\",reason=\"LEFT\"}"), 1);
}

TEST_F(WorkersTest, TheKeeperTellsWhatEachProductHasOpen) {
  const std::string rooms = "trivium_live_product_rooms{product=\"acme\"}", off = "trivium_live_rooms_off_nodes",
                    rtc = "trivium_live_product_participants{product=\"acme\",rung=\"RTC\"}";
  keeper.Count();  // Begins the admission's state.
  keeper.CountRooms();
  EXPECT_EQ(Series(rooms), 0);
  const Room room = OpenRoom(), other = OpenRoom();
  ASSERT_TRUE(Join(room, "u-1").ok());
  ASSERT_TRUE(Join(other, "u-1").ok());
  keeper.CountRooms();
  EXPECT_EQ(Series(rooms), 2);
  EXPECT_EQ(Series(rtc), 2);
  EXPECT_EQ(Series(off), 0);
  capacities.nodes[0].name = "node-b";
  keeper.CountRooms();
  EXPECT_EQ(Series(off), 2);
  // Also of a product whose profile is gone.
  products.clear();
  CloseRoom(room);
  CloseRoom(other);
  keeper.CountRooms();
  EXPECT_EQ(Series(rooms), 0);
  EXPECT_EQ(Series(rtc), 0);
}

TEST_F(WorkersTest, TheKeeperTellsOfARebuildAndOfNodes) {
  OpenRoom();
  keeper.Count();
  EXPECT_EQ(Series("trivium_live_admission_ready"), 1);
  EXPECT_EQ(Series("trivium_live_rebuilding"), 0);
  EXPECT_EQ(Series("trivium_live_nodes{state=\"serving\"}"), 1);
  clock.Advance(absl::Seconds(1));
  admission->Lose();
  capacities.nodes[0].draining = true;
  keeper.Count();
  EXPECT_EQ(Series("trivium_live_admission_ready"), 1);
  EXPECT_EQ(Series("trivium_live_rebuilding"), 1);
  EXPECT_EQ(Series("trivium_live_nodes{state=\"serving\"}"), 0);
  EXPECT_EQ(Series("trivium_live_nodes{state=\"draining\"}"), 1);
  clock.Advance(absl::Seconds(31));
  keeper.Count();
  EXPECT_EQ(Series("trivium_live_rebuilding"), 0);
}

TEST_F(WorkersTest, WhatCannotMoveKeepsNothingElseFromItsTime) {
  // More than a page, whose time went by while nobody looked: they are canceled hours later only.
  for (int i = 0; i < 600; ++i) MakeRoom(/*auto_start=*/true);
  clock.Advance(absl::Hours(2));
  const Room room = MakeRoom(/*auto_start=*/true);
  lifecycle.Step();
  EXPECT_EQ(store.GetRoom(room.product, room.id, Deadline())->state, RoomState::kLive);
}

TEST_F(WorkersTest, PlacesOfARoomThatIsOverAreGivenBack) {
  const Room canceled = MakeRoom();
  ASSERT_TRUE(cell.Open(canceled, false, Deadline()).ok());  // A start that died before the database knew of it.
  Move(canceled, RoomEvent::kCanceled);
  const Room open = OpenRoom();
  ASSERT_EQ(RtcInUse(), 4);
  clock.Advance(absl::Minutes(1));
  SweepAll();
  EXPECT_EQ(RtcInUse(), 4) << "a call may go on";
  clock.Advance(Sweeper::kSettled);
  SweepAll();
  EXPECT_EQ(RtcInUse(), 2) << "those of the open room";
}

TEST_F(WorkersTest, WhoHasLookedAtAllRoomsRests) {
  CloseRoom(OpenRoom());
  clock.Advance(absl::Seconds(1) + Sweeper::kSettled);
  SweepAll();
  for (int i = 0; i < 3; ++i) {
    clock.Advance(absl::Milliseconds(1));  // A step takes time, in which something becomes old enough.
    EXPECT_FALSE(sweeper.Step());
  }
}

TEST_F(WorkersTest, StaysThatNobodyEndsAreEndedWithTheirRoom) {
  const Room room = OpenRoom(), open = OpenRoom();
  ASSERT_TRUE(Join(open, "u-2").ok());
  ASSERT_TRUE(Join(room, "u-1").ok());
  DrainAll();
  // One that the database knows and Redis, which came back older, does not.
  Change lost{.sequence = store.GetDrainMark(kCell, Deadline())->sequence + 1,
              .kind = ChangeKind::kJoined,
              .time = clock.Now(),
              .room = {room.product, room.id},
              .user_id = "lost"};
  lost.place.join_id = ids->Next();
  lost.place.rung = Rung::kRtc;
  ASSERT_TRUE(store.ApplyChanges(kCell, lost.sequence - 1, {&lost, 1}, OneDay(), Deadline()).ok());
  drainer.Step();
  clock.Advance(absl::Seconds(1));
  CloseRoom(room);
  clock.Advance(absl::Seconds(1) + Sweeper::kSettled);
  SweepAll();
  EXPECT_EQ(StaysOf(room).back().state, StayState::kJoined) << "changes wait to be stored";
  DrainAll();
  SweepAll();
  const std::vector<Stay> stays = StaysOf(room);
  ASSERT_EQ(stays.size(), 2u);
  EXPECT_EQ(stays[0].reason, LeaveReason::kRoomClosed);
  EXPECT_EQ(stays[1].reason, LeaveReason::kRedisLost);
  EXPECT_EQ(StaysOf(open)[0].state, StayState::kJoined);
}

TEST_F(WorkersTest, ABatchThatTakesTooLongIsHalvedUntilItDoesNot) {
  const Room room = OpenRoom();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Join(room, absl::StrCat("u-", i)).ok());
  store.refusal = [](std::span<const Change> changes) {
    return changes.size() > 10 ? absl::DeadlineExceededError("slow") : absl::OkStatus();
  };
  DrainAll();
  EXPECT_EQ(StaysOf(room).size(), 40u);
  EXPECT_EQ(std::vector<size_t>(store.batches.begin(), store.batches.begin() + 3), (std::vector<size_t>{40, 20, 10}));
  // A database that is fast again gets large ones again.
  store.refusal = nullptr;
  for (int i = 40; i < 50; ++i) ASSERT_TRUE(Join(room, absl::StrCat("u-", i)).ok());
  DrainAll();
  EXPECT_EQ(StaysOf(room).size(), 50u);
  EXPECT_TRUE(store.aside.empty());
}

TEST_F(WorkersTest, AChangeThatCannotBeStoredHoldsNoOtherUp) {
  const Room room = OpenRoom();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(Join(room, absl::StrCat("u-", i)).ok());
  store.refusal = [](std::span<const Change> changes) {
    const auto is_bad = [](const Change& c) { return c.user_id == "u-7" || c.user_id == "u-23"; };
    return std::ranges::any_of(changes, is_bad) ? absl::InternalError("Data too long for column") : absl::OkStatus();
  };
  DrainAll();
  EXPECT_EQ(store.aside, (std::vector<std::string>{"u-7", "u-23"}));
  EXPECT_EQ(StaysOf(room).size(), 28u);
  const int64_t mark = store.GetDrainMark(kCell, Deadline())->sequence;
  EXPECT_TRUE(admission->ReadChanges(mark, 1, cell.CallUntil(Deadline()))->empty());
}

TEST_F(WorkersTest, ADatabaseThatStoresNothingSetsNoMoreThanAFewAside) {
  const Room room = OpenRoom();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Join(room, absl::StrCat("u-", i)).ok());
  store.refusal = [](std::span<const Change>) { return absl::InternalError("Table 'stay' is marked as crashed"); };
  for (int i = 0; i < 5; ++i) {
    DrainAll();
    clock.Advance(absl::Seconds(2));
  }
  EXPECT_EQ(store.aside.size(), static_cast<size_t>(Drainer::kMaxAside));
  store.refusal = nullptr;
  DrainAll();
  EXPECT_EQ(StaysOf(room).size(), 20u);
}

TEST_F(WorkersTest, ADatabaseThatIsAwaySetsNothingAside) {
  const Room room = OpenRoom();
  DrainAll();
  ASSERT_TRUE(Join(room, "u-1").ok());
  store.refusal = [](std::span<const Change>) { return absl::UnavailableError("away"); };
  drainer.Step();
  EXPECT_TRUE(store.aside.empty());
  store.refusal = nullptr;
  EXPECT_FALSE(drainer.Step());
  EXPECT_TRUE(StaysOf(room).empty()) << "it rests";
  clock.Advance(absl::Seconds(2));
  DrainAll();
  EXPECT_EQ(StaysOf(room).size(), 1u);
}

// Who finds Redis empty has little time; the rooms come back all the same, though nobody comes to them.
TEST_F(WorkersTest, RoomsComeBackByTheLeaderWhateverTimeTheFinderHad) {
  const Room room = OpenRoom(), other = OpenRoom();
  DrainAll();
  clock.Advance(absl::Seconds(1));
  admission->Lose();
  ASSERT_TRUE(cell.Rebuild(clock.Now() + absl::Milliseconds(1)).ok());
  EXPECT_EQ(RtcInUse(), 0);
  drainer.Step();
  EXPECT_EQ(RtcInUse(), 4) << "the staff's places of both";
  clock.Advance(absl::Seconds(31));
  EXPECT_TRUE(Join(room, "u-1").ok());
  DrainAll();
  EXPECT_EQ(RtcInUse(), 5);
}

TEST_F(WorkersTest, PlacesThatARoomLeftInItsOldCellAreGivenBackOnceNobodyIsIn) {
  const Room room = OpenRoom(), stays_here = OpenRoom();
  ASSERT_TRUE(Join(room, "u-1").ok());
  ASSERT_TRUE(store.MoveRoom(room.product, room.id, "cell-b", "node-b", Deadline()).ok());
  SweepAll();
  EXPECT_EQ(RtcInUse(), 5) << "somebody is still in";
  clock.Advance(absl::Seconds(31));
  ASSERT_EQ(admission->ExpireLeases(10, cell.CallUntil(Deadline()))->done, 1);
  SweepAll();
  EXPECT_EQ(RtcInUse(), 2) << "those of the room that stays";
  EXPECT_TRUE(store.ListRoomsThatLeft(kCell, {}, 10, Deadline())->empty());
}

TEST_F(WorkersTest, ARoomThatCameBackKeepsItsPlaces) {
  const Room room = OpenRoom();
  ASSERT_TRUE(store.MoveRoom(room.product, room.id, "cell-b", "node-b", Deadline()).ok());
  ASSERT_TRUE(store.MoveRoom(room.product, room.id, kCell, "node-a", Deadline()).ok());
  SweepAll();
  EXPECT_EQ(RtcInUse(), 2);
}

}  // namespace
}  // namespace trivium::live
