// After the loss of Redis: one lease of reconnects only, each to the place that it proves.
#include "absl/strings/str_cat.h"
#include "services/live/admission/admission_suite.h"

namespace trivium::live {
namespace {

using ::testing::ElementsAre;

ResumeClaim SeatClaim(const Standing& standing, int seat, int64_t placed) {
  ResumeClaim claim = ClaimOf(standing);
  claim.seat = seat;
  claim.placed = placed;
  return claim;
}

TEST_F(RebuildTest, WithoutAGenerationNothingIsAnswered) {
  EXPECT_EQ(Reason(Start(1, LargeRoom({5, 0, 0}))), "ADMISSION_STATE_LOST");
  EXPECT_EQ(Reason(Join(1, "li")), "ADMISSION_STATE_LOST");
  EXPECT_EQ(Reason(Renew(1, "li", 1)), "ADMISSION_STATE_LOST");
  EXPECT_EQ(Reason(Leave(1, "li")), "ADMISSION_STATE_LOST");
  EXPECT_EQ(Reason(admission_.ExpireLeases(1, call())), "ADMISSION_STATE_LOST");
  EXPECT_EQ(Reason(admission_.CountCell(call())), "ADMISSION_STATE_LOST");
  const auto begun = admission_.BeginGeneration(kLease, call());
  EXPECT_TRUE(begun->begun);
  EXPECT_EQ(begun->rebuild_until, now() + kLease);
  Advance(absl::Seconds(1));
  const auto again = admission_.BeginGeneration(absl::ZeroDuration(), call());
  EXPECT_FALSE(again->begun) << "the first one wins";
  EXPECT_EQ(again->generation, begun->generation);
  EXPECT_EQ(again->rebuild_until, begun->rebuild_until);
}

TEST_F(RebuildTest, ParticipantsComeBackToTheirPlacesAndNobodyElse) {
  Begin();
  ASSERT_EQ(Start(1, SmallClass(3)), absl::OkStatus());
  const auto teacher = Join(1, "teacher", Role::kTeacher), li = Join(1, "li"), han = Join(1, "han");
  const auto parent = Join(1, "parent", Role::kObserver);
  ASSERT_EQ(parent->place.rung, Rung::kStandard);
  Advance(absl::Seconds(5));
  under_test_.Lose();
  EXPECT_EQ(Reason(Renew(1, "li", li->place.epoch, ClaimOf(*li))), "ADMISSION_STATE_LOST");
  Begin(kLease);
  EXPECT_EQ(Reason(Renew(1, "li", li->place.epoch, ClaimOf(*li))), "ROOM_NOT_LIVE");
  EXPECT_EQ(Reason(Start(1, SmallClass(3))), "REBUILDING") << "a new room";
  ASSERT_EQ(Restore(1, SmallClass(3)), absl::OkStatus());
  told_ = 0;

  // A heartbeat comes back as it was; a join under a new epoch.
  const auto renewed = Renew(1, "han", han->place.epoch, ClaimOf(*han));
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->place.join_id, han->place.join_id);
  EXPECT_EQ(renewed->place.epoch, han->place.epoch);
  EXPECT_EQ(renewed->place.seat, 2);
  EXPECT_EQ(renewed->place.why, Why::kResumed);
  EXPECT_EQ(renewed->place.joined, han->place.joined);
  const auto joined = Join(1, "li", Role::kStudent, "", ClaimOf(*li));
  EXPECT_EQ(joined->place.join_id, li->place.join_id);
  EXPECT_GT(joined->place.epoch, li->place.epoch);
  EXPECT_EQ(joined->place.seat, 1);
  EXPECT_TRUE(Renew(1, "teacher", teacher->place.epoch, ClaimOf(*teacher))->place.slice);
  EXPECT_EQ(Join(1, "parent", Role::kObserver, "", ClaimOf(*parent))->place.rung, Rung::kStandard);
  EXPECT_THAT(News(),
              ElementsAre("RESUMED han RTC 2", "RESUMED li RTC 1", "RESUMED teacher RTC", "RESUMED parent STANDARD"));

  const auto newcomer = Join(1, "wang");
  EXPECT_EQ(newcomer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(newcomer), "REBUILDING");
  EXPECT_EQ(Reason(Join(1, "fake", Role::kTeacher, "", ClaimOf(*li))), "REBUILDING") << "a claim of another role";
  EXPECT_EQ(Reason(Renew(1, "gone", 5)), "REBUILDING");
  EXPECT_TRUE(Join(1, "han").ok()) << "who is in may reconnect without a claim";

  Advance(kLease);
  EXPECT_EQ(Join(1, "wang")->place.seat, 3);
  EXPECT_EQ(Reason(Renew(1, "gone", 5, ClaimOf(*li))), "PARTICIPANT_NOT_IN_ROOM") << "claims count no more";
}

TEST_F(RebuildTest, OfTwoClaimsToOneSeatTheNewerPlaceWins) {
  Begin();
  ASSERT_EQ(Start(1, SmallClass(1)), absl::OkStatus());
  const auto old = Join(1, "old");
  ASSERT_EQ(Leave(1, "old"), absl::OkStatus());
  const auto holder = Join(1, "holder");
  for (const bool old_first : {true, false}) {
    under_test_.Lose();
    Begin(kLease);
    ASSERT_EQ(Restore(1, SmallClass(1)), absl::OkStatus());
    told_ = 0;
    const auto come = [&](const char* user, const Standing& was) {
      return Join(1, user, Role::kStudent, "", ClaimOf(was));
    };
    if (old_first) {
      EXPECT_EQ(come("old", *old)->place.seat, 1);
      EXPECT_EQ(come("holder", *holder)->place.seat, 1);
      EXPECT_THAT(News(), ElementsAre("RESUMED old RTC 1", "OUTDONE old WAITING", "RESUMED holder RTC 1"));
    } else {
      EXPECT_EQ(come("holder", *holder)->place.seat, 1);
      EXPECT_EQ(come("old", *old)->place.why, Why::kOutdone);
      EXPECT_THAT(News(), ElementsAre("RESUMED holder RTC 1", "RESUMED old WAITING"));
    }
    EXPECT_EQ(PlaceOf(1, "old").rung, Rung::kWaiting);
    EXPECT_EQ(PlaceOf(1, "holder").seat, 1);
  }
}

TEST_F(RebuildTest, WhoIsOutdoneLeavesWhenTheQueueIsFull) {
  Begin();
  RoomLimits limits = SmallClass(1);
  limits.queue_max = 0;
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  const auto li = Join(1, "li");
  under_test_.Lose();
  Begin(kLease);
  ASSERT_EQ(Restore(1, limits), absl::OkStatus());
  told_ = 0;
  ASSERT_TRUE(Join(1, "stale", Role::kStudent, "", SeatClaim(*li, 1, li->place.placed - 1)).ok());
  EXPECT_EQ(Join(1, "li", Role::kStudent, "", ClaimOf(*li))->place.seat, 1);
  EXPECT_THAT(News(), ElementsAre("RESUMED stale RTC 1", "LEFT stale OUTDONE", "RESUMED li RTC 1"));
  EXPECT_EQ(Reason(Join(1, "late", Role::kStudent, "", SeatClaim(*li, 1, li->place.placed - 2))), "ROOM_QUEUE_FULL");
}

TEST_F(RebuildTest, NobodyIsOverCapacityHoweverManyClaim) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({3, 2, 0})), absl::OkStatus());
  const auto li = Join(1, "li");
  under_test_.Lose();
  Begin(kLease);
  ASSERT_EQ(Restore(1, LargeRoom({3, 2, 0})), absl::OkStatus());
  int on_rtc = 0;
  for (int i = 0; i < 8; ++i) {
    ResumeClaim claim = ClaimOf(*li);
    claim.placed = li->place.placed + i;
    const auto back = Join(1, absl::StrCat("u", i), Role::kStudent, "", claim);
    ASSERT_TRUE(back.ok()) << back.status();
    on_rtc += back->place.rung == Rung::kRtc ? 1 : 0;
    if (back->place.rung != Rung::kRtc) {
      EXPECT_EQ(back->place.rung, Rung::kWaiting) << "exactly the claimed place, or none";
      EXPECT_EQ(back->place.full[0], Level::kRoom);
    }
  }
  EXPECT_EQ(on_rtc, 2) << "of three one is the slice's";
}

TEST_F(RebuildTest, TheQueueKeepsItsOrderAndWaitsForTheEnd) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({2, 0, 0})), absl::OkStatus());
  const auto li = Join(1, "li"), first = Join(1, "first"), second = Join(1, "second");
  ASSERT_EQ(first->place.rung, Rung::kWaiting);
  under_test_.Lose();
  Begin(kLease);
  ASSERT_EQ(Restore(1, LargeRoom({2, 0, 0})), absl::OkStatus());
  EXPECT_EQ(Join(1, "second", Role::kStudent, "", ClaimOf(*second))->queue_position, 1);
  EXPECT_EQ(Join(1, "first", Role::kStudent, "", ClaimOf(*first))->queue_position, 1);
  EXPECT_EQ(Renew(1, "second", PlaceOf(1, "second").epoch)->queue_position, 2);
  EXPECT_EQ(admission_.AdmitWaiting(10, call())->done, 0) << "li may still come";
  ASSERT_EQ(Join(1, "li", Role::kStudent, "", ClaimOf(*li))->place.rung, Rung::kRtc);
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "first").rung, Rung::kWaiting);
  Advance(kLease);
  for (const char* user : {"first", "second"}) ASSERT_TRUE(Renew(1, user, PlaceOf(1, user).epoch).ok());
  EXPECT_EQ(admission_.AdmitWaiting(10, call())->done, 1);
  EXPECT_EQ(PlaceOf(1, "first").rung, Rung::kRtc);
}

TEST_F(RebuildTest, ANewerConnectionOfTheSameUserShowsItsOwnClaim) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({5, 0, 0})), absl::OkStatus());
  const auto first = Join(1, "li"), second = Join(1, "li");
  under_test_.Lose();
  Begin(kLease);
  ASSERT_EQ(Restore(1, LargeRoom({5, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Renew(1, "li", first->place.epoch, ClaimOf(*first)).ok());
  EXPECT_EQ(Reason(Renew(1, "li", second->place.epoch)), "PARTICIPANT_NOT_IN_ROOM");
  EXPECT_EQ(Renew(1, "li", second->place.epoch, ClaimOf(*second))->place.epoch, second->place.epoch);
  EXPECT_EQ(Reason(Renew(1, "li", first->place.epoch, ClaimOf(*first))), "CONNECTION_SUPERSEDED");
  EXPECT_EQ(List(1).size(), 1u);
}

TEST_F(RebuildTest, NumbersGrowOverTheLossEvenWhenTheClockDoesNot) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({50, 0, 0})), absl::OkStatus());
  Standing last;
  for (int i = 0; i < 20; ++i) last = *Join(1, "li");
  under_test_.Lose();
  Advance(-absl::Seconds(3));
  Begin(kLease);
  ASSERT_EQ(Restore(1, LargeRoom({50, 0, 0})), absl::OkStatus());
  const auto back = Join(1, "li", Role::kStudent, "", ClaimOf(last));
  EXPECT_GT(back->place.epoch, last.place.epoch);
}

TEST_F(RebuildTest, BansAreRestoredWithTheRoom) {
  Begin(kLease);
  StartRoomRequest start = StartOf(1, SmallClass(2));
  start.restored = true;
  start.bans = {{"li", now() + absl::Minutes(5)}};
  ASSERT_EQ(admission_.StartRoom(start, call()), absl::OkStatus());
  Advance(kLease);
  EXPECT_EQ(Reason(Join(1, "li")), "PARTICIPANT_BANNED");
  EXPECT_TRUE(Join(1, "han").ok());
}

}  // namespace
}  // namespace trivium::live
