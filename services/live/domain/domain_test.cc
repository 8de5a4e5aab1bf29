#include <gtest/gtest.h>

#include "services/live/domain/roles.h"
#include "services/live/domain/room_rules.h"
#include "services/live/domain/stay.h"

namespace trivium::live {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'795'000'000);

Room SmallRoom() {
  Room room;
  room.type = RoomType::kSmall;
  room.start_time = kStart;
  room.end_time = kStart + absl::Hours(1);
  room.update_time = kStart - absl::Hours(1);
  room.seats = 6;
  room.staff_slots = 2;
  room.queue_size = 10;
  room.close_delay = absl::Minutes(10);
  return room;
}

Room InState(RoomState state) {
  Room room = SmallRoom();
  room.state = state;
  if (state == RoomState::kEnded) room.close_time = room.end_time + room.close_delay;
  return room;
}

constexpr RoomState kStates[] = {RoomState::kScheduled, RoomState::kLive, RoomState::kEnded, RoomState::kClosed,
                                 RoomState::kCanceled};

// Each event in each state: c changes, s same, r refused.
TEST(RoomRulesTest, MovesByTheTable) {
  const struct {
    RoomEvent event;
    const char* outcome;
  } kCases[] = {{RoomEvent::kStarted, "csrrr"},
                {RoomEvent::kEnded, "rcsss"},
                {RoomEvent::kClosed, "rrcsr"},
                {RoomEvent::kCanceled, "crsss"}};
  for (const auto& c : kCases) {
    for (int i = 0; i < 5; ++i) {
      Room room = InState(kStates[i]);
      const Room before = room;
      const StepResult result = Apply({.event = c.event, .node = "n"}, kStart, &room);
      EXPECT_EQ("csr"[static_cast<int>(result.kind)], c.outcome[i])
          << StateName(kStates[i]) << " " << static_cast<int>(c.event);
      if (result.kind == StepResult::Kind::kChanged) {
        EXPECT_EQ(room.version, before.version + 1);
        EXPECT_EQ(room.update_time, kStart);
      } else {
        EXPECT_EQ(room, before);
      }
    }
  }
}

TEST(RoomRulesTest, EndingWhatHasNotStartedCancelsIt) {
  const RoomStep end{.event = RoomEvent::kEnded,
                     .otherwise = RoomEvent::kCanceled,
                     .reason = RoomReason::kEndedByProduct,
                     .otherwise_reason = RoomReason::kCanceledByProduct};
  Room room = SmallRoom();
  EXPECT_EQ(Apply(end, kStart, &room).event, RoomEvent::kCanceled);
  EXPECT_EQ(room.state, RoomState::kCanceled);
  EXPECT_EQ(room.reason, RoomReason::kCanceledByProduct);
  EXPECT_EQ(Apply(end, kStart, &room).kind, StepResult::Kind::kSame);
  room = InState(RoomState::kLive);
  EXPECT_EQ(Apply(end, kStart, &room).event, RoomEvent::kEnded);
  EXPECT_EQ(room.reason, RoomReason::kEndedByProduct);
}

TEST(RoomRulesTest, PatchesOnlyWhatTheStateAllows) {
  const struct {
    const char* field;
    RoomPatch patch;
    const char* allowed;  // y or n for each state.
  } kCases[] = {
      {"title", {.title = "t"}, "yyynn"},
      {"start_time", {.start_time = kStart + absl::Hours(3)}, "ynnnn"},
      {"duration", {.duration = absl::Hours(2)}, "yynnn"},
      {"auto_start", {.auto_start = true}, "ynnnn"},
      {"auto_end", {.auto_end = true}, "yynnn"},
      {"seats", {.seats = 4}, "ynnnn"},
      {"stage_size", {.stage_size = 4}, "ynnnn"},
      {"staff_slots", {.staff_slots = 4}, "ynnnn"},
      {"capacity", {.capacity = PerRung{1, 2, 3}}, "ynnnn"},
      {"close_delay", {.close_delay = absl::Minutes(1)}, "yynnn"},
  };
  for (const auto& c : kCases) {
    for (int i = 0; i < 5; ++i) {
      Room room = InState(kStates[i]);
      const StepResult result = Apply({.patch = c.patch}, kStart, &room);
      if (c.allowed[i] == 'y') {
        EXPECT_EQ(result.kind, StepResult::Kind::kChanged) << c.field << StateName(kStates[i]);
        EXPECT_EQ(Apply({.patch = c.patch}, kStart, &room).kind, StepResult::Kind::kSame) << c.field;
      } else {
        EXPECT_EQ(result.kind, StepResult::Kind::kRefused) << c.field << StateName(kStates[i]);
        EXPECT_EQ(result.field, c.field);
        EXPECT_EQ(room, InState(kStates[i]));
      }
    }
  }
}

TEST(RoomRulesTest, AClassThatIsMovedKeepsItsLength) {
  Room room = SmallRoom();
  Apply({.patch = {.start_time = kStart + absl::Hours(24)}}, kStart, &room);
  EXPECT_EQ(room.end_time, kStart + absl::Hours(25));
  Apply({.patch = {.start_time = kStart, .duration = absl::Minutes(30)}}, kStart, &room);
  EXPECT_EQ(room.end_time, kStart + absl::Minutes(30));
}

TEST(RoomRulesTest, IsDueByItsTimetable) {
  Room room = SmallRoom();
  EXPECT_EQ(DueAt(room, kStart), std::nullopt) << "no auto_start";
  EXPECT_EQ(NextDue(room), room.end_time + kForgottenAfter);
  EXPECT_EQ(DueAt(room, room.end_time + kForgottenAfter), (Due{RoomEvent::kCanceled, RoomReason::kNotStarted}));
  room.auto_start = true;
  EXPECT_EQ(NextDue(room), kStart);
  EXPECT_EQ(DueAt(room, kStart - absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(DueAt(room, kStart), (Due{RoomEvent::kStarted, RoomReason::kNone}));
  EXPECT_EQ(DueAt(room, room.end_time), std::nullopt) << "too late to start";
  room = InState(RoomState::kLive);
  EXPECT_EQ(DueAt(room, room.end_time), std::nullopt) << "no auto_end";
  EXPECT_EQ(DueAt(room, room.end_time + kForgottenAfter), (Due{RoomEvent::kEnded, RoomReason::kTimeOver}));
  room.auto_end = true;
  EXPECT_EQ(DueAt(room, room.end_time), (Due{RoomEvent::kEnded, RoomReason::kTimeOver}));
  Apply({.event = RoomEvent::kEnded, .reason = RoomReason::kTimeOver}, room.end_time, &room);
  EXPECT_EQ(NextDue(room), room.end_time + absl::Minutes(10));
  EXPECT_EQ(DueAt(room, NextDue(room) - absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(DueAt(room, NextDue(room)), (Due{RoomEvent::kClosed, RoomReason::kNone}));
  EXPECT_EQ(NextDue(InState(RoomState::kClosed)), absl::InfiniteFuture());
}

TEST(RoomRulesTest, SizesRoomsByTheirType) {
  Room room = SmallRoom();
  EXPECT_EQ(LimitsOf(room),
            (RoomLimits{.places = {14, 0, 0}, .staff_slots = 2, .seats = 6, .stage_size = 0, .queue_max = 10}));
  room.type = RoomType::kLarge;
  room.seats = 0;
  room.stage_size = 4;
  room.capacity = {50, 500, 5000};
  EXPECT_EQ(LimitsOf(room),
            (RoomLimits{.places = {50, 500, 5000}, .staff_slots = 2, .seats = 0, .stage_size = 4, .queue_max = 10}));
}

TEST(RolesTest, OnlyStaffModerateAndSendWithoutASeat) {
  for (const RoleRights& rights : kRoleRights) {
    EXPECT_EQ(&RightsOf(rights.role), &rights);
    EXPECT_EQ(RoleNamed(rights.name), rights.role);
    EXPECT_EQ(rights.moderates, IsStaff(rights.role));
    EXPECT_EQ(MaySend(rights.role, 0), IsStaff(rights.role));
    EXPECT_TRUE(MaySend(rights.role, 1));
  }
  EXPECT_EQ(RoleNamed("TEACHER"), std::nullopt);
  EXPECT_EQ(RoleNamed(""), std::nullopt);
}

Change MakeChange(ChangeKind kind, int64_t sequence, Rung rung) {
  Change change{.sequence = sequence, .kind = kind, .time = kStart, .room = {"acme", Id{}}, .user_id = "u-1"};
  change.place.rung = rung;
  return change;
}

TEST(StayTest, FollowsItsChangesAndDropsOldOnes) {
  Stay stay;
  EXPECT_TRUE(Apply(MakeChange(ChangeKind::kQueued, 5, Rung::kWaiting), "cell-a", &stay));
  EXPECT_EQ(stay.state, StayState::kQueued);
  EXPECT_TRUE(Apply(MakeChange(ChangeKind::kAdmitted, 6, Rung::kFast), "cell-a", &stay));
  EXPECT_EQ(stay.state, StayState::kJoined);
  EXPECT_FALSE(Apply(MakeChange(ChangeKind::kQueued, 6, Rung::kWaiting), "cell-a", &stay));
  EXPECT_EQ(stay.state, StayState::kJoined);
  Change left = MakeChange(ChangeKind::kLeft, 7, Rung::kFast);
  left.cause = LeaveCause::kExpired;
  EXPECT_TRUE(Apply(left, "cell-a", &stay));
  EXPECT_EQ(stay.state, StayState::kLeft);
  EXPECT_EQ(stay.reason, LeaveReason::kExpired);
  EXPECT_EQ(stay.leave_time, kStart);
}

TEST(StayTest, CountsADay) {
  DayCounts counts;
  Change joined = MakeChange(ChangeKind::kJoined, 1, Rung::kRtc);
  joined.place.why = Why::kFreePlace;
  Change left = MakeChange(ChangeKind::kLeft, 3, Rung::kRtc);
  left.cause = LeaveCause::kRemoved;
  for (const Change& change :
       {joined, joined, MakeChange(ChangeKind::kQueued, 2, Rung::kWaiting),
        MakeChange(ChangeKind::kResumed, 2, Rung::kRtc), left, MakeChange(ChangeKind::kMuted, 2, Rung::kRtc)})
    Count(change, &counts);
  CountRoom("LIVE", &counts);
  EXPECT_EQ(counts, (DayCounts{{{"joins", "1/1"}, 2},
                               {{"queued", ""}, 1},
                               {{"reconnections", ""}, 1},
                               {{"leaves", "REMOVED"}, 1},
                               {{"rooms", "LIVE"}, 1}}));
}

TEST(StayTest, ALargeClassHearsOfItsStageNotOfItsAudience) {
  Place audience, stage, teacher;
  stage.seat = 1;
  teacher.role = Role::kTeacher;
  for (const EventType type : {EventType::kJoined, EventType::kLeft, EventType::kReconnected}) {
    EXPECT_TRUE(IsAnnounced(type, RoomType::kSmall, audience));
    EXPECT_FALSE(IsAnnounced(type, RoomType::kLarge, audience));
    EXPECT_TRUE(IsAnnounced(type, RoomType::kLarge, stage));
    EXPECT_TRUE(IsAnnounced(type, RoomType::kLarge, teacher));
  }
  EXPECT_TRUE(IsAnnounced(EventType::kMoved, RoomType::kLarge, audience)) << "off the stage";
  EXPECT_FALSE(IsAnnounced(EventType::kRoomCreated, RoomType::kLarge, audience)) << "nobody is there";
  EXPECT_TRUE(IsAnnounced(EventType::kRoomEnded, RoomType::kLarge, audience));
}

TEST(StayTest, WhatRedisLostEndsAfterAllThatItHadAndBeforeTheNewGeneration) {
  Stay stay;
  stay.state = StayState::kJoined;
  stay.sequence = 7;
  Stay of_room = stay;
  EndAsLost(/*before=*/100, kStart, &stay);
  EXPECT_EQ(stay.state, StayState::kLeft);
  EXPECT_EQ(stay.reason, LeaveReason::kRedisLost);
  EXPECT_EQ(stay.leave_time, kStart);
  EXPECT_EQ(stay.sequence, 100);
  EndAsLost(/*before=*/0, kStart, &of_room);
  EXPECT_EQ(of_room.sequence, 8);
}

}  // namespace
}  // namespace trivium::live
