// The drainer, the timetable and the sweeper, each as its one worker.
#include <gtest/gtest.h>

#include "libs/status/error.h"
#include "services/live/cell_under_test.h"
#include "services/live/workers/drainer.h"
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

}  // namespace
}  // namespace trivium::live
