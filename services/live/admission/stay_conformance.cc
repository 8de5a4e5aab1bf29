// A stay: joins, reconnects, leases, its end.
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/admission/admission_suite.h"

namespace trivium::live {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(StayTest, ARepeatedJoinHasTheSameAnswerAndNoSecondPlace) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  const auto first = Join(1, "li", Role::kStudent, "same");
  Advance(absl::Seconds(1));
  const auto second = Join(1, "li", Role::kStudent, "same");
  EXPECT_EQ(second->place, first->place);
  EXPECT_TRUE(second->returned);
  EXPECT_EQ(second->lease_ends, now() + kLease);
  EXPECT_EQ(CountRoom(1).on[0], 1);
  EXPECT_THAT(News(), ElementsAre("JOINED li RTC"));
}

TEST_F(StayTest, AReconnectKeepsThePlaceUnderANewEpoch) {
  Begin();
  ASSERT_EQ(Start(1, SmallClass(6)), absl::OkStatus());
  const auto first = Join(1, "li");
  Advance(absl::Seconds(29));
  const auto second = Join(1, "li");
  EXPECT_GT(second->place.epoch, first->place.epoch);
  EXPECT_EQ(second->place.join_id, first->place.join_id);
  EXPECT_EQ(second->place.seat, 1);
  EXPECT_EQ(second->place.joined, first->place.joined);
  EXPECT_THAT(News(), ElementsAre("JOINED li RTC 1", "RECONNECTED li RTC 1"));

  // What the old connection still says counts no more.
  EXPECT_EQ(Reason(Renew(1, "li", first->place.epoch)), "CONNECTION_SUPERSEDED");
  EXPECT_EQ(Reason(Leave(1, "li", first->place.epoch)), "CONNECTION_SUPERSEDED");
  EXPECT_EQ(Renew(1, "li", second->place.epoch)->place, second->place);
  EXPECT_EQ(Leave(1, "li", second->place.epoch), absl::OkStatus());
  EXPECT_THAT(List(1), IsEmpty());
}

TEST_F(StayTest, EpochsGrowOverStays) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  const auto first = Join(1, "li");
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  const auto second = Join(1, "li");
  EXPECT_FALSE(second->returned);
  EXPECT_GT(second->place.epoch, first->place.epoch);
  EXPECT_NE(second->place.join_id, first->place.join_id);
  EXPECT_EQ(Reason(Leave(1, "li", first->place.epoch)), "CONNECTION_SUPERSEDED") << "a late word of the first stay";
}

TEST_F(StayTest, LeavesAreIdempotent) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  const auto joined = Join(1, "li");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Leave(1, "li", joined->place.epoch), absl::OkStatus());
  EXPECT_EQ(Leave(1, "never"), absl::OkStatus());
  EXPECT_EQ(Leave(7, "li"), absl::OkStatus());
  EXPECT_THAT(News(), ElementsAre("JOINED li RTC", "LEFT li LEFT"));
}

TEST_F(StayTest, ALeaseThatIsOverFreesThePlace) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({3, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "ghost").ok());
  const auto alive = Join(1, "alive");
  ASSERT_EQ(Join(1, "next")->place.rung, Rung::kWaiting);
  Advance(kLease - absl::Milliseconds(1));
  ASSERT_TRUE(Renew(1, "alive", alive->place.epoch).ok());
  ASSERT_TRUE(Renew(1, "next", PlaceOf(1, "next").epoch).ok());
  EXPECT_EQ(admission_.ExpireLeases(10, call())->done, 0);
  Advance(absl::Milliseconds(1));
  News();
  const auto batch = admission_.ExpireLeases(10, call());
  EXPECT_EQ(batch->done, 1);
  EXPECT_FALSE(batch->more);
  EXPECT_THAT(News(), ElementsAre("LEFT ghost EXPIRED", "ADMITTED next RTC"));
  EXPECT_EQ(Reason(Renew(1, "ghost", 1)), "PARTICIPANT_NOT_IN_ROOM");
}

TEST_F(StayTest, ExpiryIsBoundedAndTakesTheOldestFirst) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Join(1, absl::StrCat("u", i)).ok());
    Advance(absl::Seconds(1));
  }
  Advance(kLease);
  News();
  EXPECT_TRUE(admission_.ExpireLeases(2, call())->more);
  EXPECT_THAT(News(), ElementsAre("LEFT u0 EXPIRED", "LEFT u1 EXPIRED"));
  const auto late = Renew(1, "u2", PlaceOf(1, "u2").epoch);
  EXPECT_TRUE(late.ok()) << "late, but not yet expired: " << late.status();
  EXPECT_EQ(admission_.ExpireLeases(10, call())->done, 2);
}

TEST_F(StayTest, ARoleIsForAStay) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "li", Role::kObserver).ok());
  const auto refused = Join(1, "li", Role::kStudent);
  EXPECT_EQ(Reason(refused), "ROLE_DIFFERS");
  EXPECT_EQ(MetadataOf(refused.status(), "role"), "OBSERVER");
}

TEST_F(StayTest, ARemovedParticipantStaysOutForAsLongAsItIsBanned) {
  Begin();
  ASSERT_EQ(Start(1, SmallClass(1)), absl::OkStatus());
  const auto li = Join(1, "li");
  ASSERT_EQ(Join(1, "han")->place.rung, Rung::kWaiting);
  News();
  EXPECT_TRUE(*Remove(1, "li", absl::Seconds(60)));
  EXPECT_FALSE(*Remove(1, "li", absl::Seconds(60))) << "it is out";
  EXPECT_THAT(News(), ElementsAre("LEFT li REMOVED", "ADMITTED han RTC 1"));
  EXPECT_EQ(Reason(Renew(1, "li", li->place.epoch)), "PARTICIPANT_BANNED");
  Advance(absl::Seconds(59));
  const auto banned = Join(1, "li");
  EXPECT_EQ(banned.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(MetadataOf(banned.status(), "until"), absl::StrCat(absl::ToUnixMillis(now() + absl::Seconds(1))));
  EXPECT_EQ(admission_.CountCell(call())->bans, 1);
  Advance(absl::Seconds(1));
  EXPECT_TRUE(Join(1, "li").ok());
  ASSERT_TRUE(admission_.ExpireLeases(10, call()).ok());
  EXPECT_EQ(admission_.CountCell(call())->bans, 0);
}

TEST_F(StayTest, MutesStayWithThePlace) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({1, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "li").ok());
  const Mute audio{.audio = true};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(admission_.SetMute({Room(1), "li", audio}, call())->place.mute, audio);
  EXPECT_THAT(News(), ElementsAre("QUEUED li WAITING", "MUTED li WAITING"));
  EXPECT_EQ(Join(1, "li")->place.mute, audio) << "a reconnect does not undo it";
  EXPECT_EQ(admission_.SetMute({Room(1), "li", {}}, call())->place.mute, Mute{});
  EXPECT_EQ(Reason(admission_.SetMute({Room(1), "han", audio}, call())), "PARTICIPANT_NOT_IN_ROOM");
}

TEST_F(StayTest, WhoOnlyComesBackIsNobodyNew) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  const auto li = Join(1, "li");
  JoinRequest join = JoinOf(1, "li", Role::kStudent, "again");
  join.only_back = true;
  join.claim = ClaimOf(*li);
  EXPECT_EQ(admission_.Join({{join}}, call())[0]->place.join_id, li->place.join_id);
  ASSERT_EQ(Leave(1, "li"), absl::OkStatus());
  EXPECT_EQ(Reason(admission_.Join({{join}}, call())[0]), "PARTICIPANT_NOT_IN_ROOM");
  EXPECT_EQ(List(1).size(), 0u);
  // While the state is rebuilt a claim is as good as a stay.
  under_test_.Lose();
  Begin(kLease);
  ASSERT_EQ(Restore(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  EXPECT_EQ(admission_.Join({{join}}, call())[0]->place.join_id, li->place.join_id);
  Advance(kLease);
  JoinRequest other = JoinOf(1, "han", Role::kStudent, "late");
  other.only_back = true;
  other.claim = ClaimOf(*li);
  EXPECT_EQ(Reason(admission_.Join({{other}}, call())[0]), "PARTICIPANT_NOT_IN_ROOM");
}

TEST_F(StayTest, AnotherProductsRoomIsNotThere) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "li").ok());
  const RoomId theirs = Room(1, "globex");
  JoinRequest join = JoinOf(1, "spy", Role::kStudent, "r");
  join.room = theirs;
  EXPECT_EQ(Reason(admission_.Join({{join}}, call())[0]), "ROOM_NOT_LIVE");
  const RenewRequest renew{.room = theirs, .user_id = "li", .epoch = 1, .lease = kLease, .claim = std::nullopt};
  EXPECT_EQ(Reason(admission_.Renew({{renew}}, call())[0]), "ROOM_NOT_LIVE");
  const LeaveRequest leave{theirs, "li", 0};
  EXPECT_EQ(admission_.Leave({{leave}}, call())[0], absl::OkStatus());
  EXPECT_EQ(Reason(admission_.Remove({theirs, "li", absl::Seconds(9)}, call())), "ROOM_NOT_LIVE");
  EXPECT_EQ(Reason(admission_.CountRoom(theirs, call())), "ROOM_NOT_LIVE");
  EXPECT_EQ(Reason(admission_.ListParticipants(theirs, "", 10, call())), "ROOM_NOT_LIVE");
  EXPECT_FALSE(admission_.EndRoom(theirs, 10, call())->more);
  EXPECT_EQ(List(1).size(), 1u);
}

TEST_F(StayTest, OnlyTheStayThatIsMeantEnds) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  const Id first = Join(1, "li")->place.join_id;
  ASSERT_EQ(Leave(1, "li"), absl::OkStatus());
  const Place second = Join(1, "li")->place;
  ASSERT_NE(second.join_id, first);
  LeaveRequest leave{.room = Room(1), .user_id = "li", .join_id = first};
  EXPECT_EQ(admission_.Leave({{leave}}, call())[0], absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "li"), second);
  leave.join_id = second.join_id;
  leave.epoch = second.epoch - 1;
  EXPECT_EQ(Reason(admission_.Leave({{leave}}, call())[0]), "CONNECTION_SUPERSEDED");
  leave.epoch = 0;
  EXPECT_EQ(admission_.Leave({{leave}}, call())[0], absl::OkStatus());
  EXPECT_EQ(List(1).size(), 0u);
}

TEST_F(StayTest, UserIdsAreOpaque) {
  Begin();
  ASSERT_EQ(Start(1, SmallClass(3)), absl::OkStatus());
  const std::string odd("a|2|\0}\r\n", 8), longest(kMaxNameBytes, '\xff');
  EXPECT_EQ(Join(1, odd)->place.seat, 1);
  EXPECT_EQ(Join(1, longest)->place.seat, 2);
  EXPECT_EQ(List(1).size(), 2u);
  EXPECT_EQ(Leave(1, odd), absl::OkStatus());
  EXPECT_EQ(List(1)[0].user_id, longest);
}

// Move: to the stage and back.
TEST_F(StageTest, TheStageTakesRtcPlacesAndItsOwnNumbers) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({3, 5, 0}, 2)), absl::OkStatus());
  for (const char* user : {"li", "han", "wang"}) ASSERT_TRUE(Join(1, user).ok());
  EXPECT_EQ(PlaceOf(1, "wang").rung, Rung::kFast);
  EXPECT_EQ(ToStage(1, "li", 2)->place.seat, 2);
  EXPECT_EQ(ToStage(1, "li")->place.seat, 2) << "it is there";
  EXPECT_EQ(Reason(ToStage(1, "han", 2)), "SEAT_TAKEN");
  const auto full = ToStage(1, "wang");
  EXPECT_EQ(Reason(full), "LEVEL_FULL");
  EXPECT_EQ(MetadataOf(full.status(), "level"), "ROOM");
  EXPECT_EQ(ToStage(1, "han")->place.seat, 1);
  EXPECT_EQ(Reason(ToStage(1, "wang")), "SEATS_FULL");
  EXPECT_EQ(ToAudience(1, "han")->place.rung, Rung::kRtc) << "it keeps its rung";
  EXPECT_EQ(ToAudience(1, "han")->place.seat, 0);
  EXPECT_EQ(Leave(1, "han"), absl::OkStatus());
  const auto wang = ToStage(1, "wang");
  EXPECT_EQ(wang->place.rung, Rung::kRtc);
  EXPECT_EQ(wang->place.why, Why::kMoved);
  EXPECT_EQ(CountRoom(1).use, (PerRung{3, 0, 0}));
  EXPECT_EQ(ToStage(1, "wang", 1)->place.seat, 1);
  EXPECT_EQ(Reason(ToStage(1, "wang", 3)), "FIELD_INVALID");
}

TEST_F(StageTest, WhoCannotBeMoved) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({1, 0, 1}, 2)), absl::OkStatus());
  ASSERT_EQ(Start(2, LargeRoom({2, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "teacher", Role::kTeacher).ok());
  ASSERT_TRUE(Join(1, "parent", Role::kObserver).ok());
  ASSERT_TRUE(Join(1, "waits").ok());
  ASSERT_TRUE(Join(2, "li").ok());
  EXPECT_EQ(Reason(ToStage(1, "teacher")), "ROLE_HAS_NO_SEAT");
  EXPECT_EQ(Reason(ToStage(1, "parent")), "ROLE_HAS_NO_SEAT");
  EXPECT_EQ(Reason(ToStage(1, "waits")), "PARTICIPANT_WAITING");
  EXPECT_EQ(Reason(ToStage(2, "li")), "ROOM_HAS_NO_SEATS");
  EXPECT_EQ(Reason(ToStage(1, "never")), "PARTICIPANT_NOT_IN_ROOM");
  EXPECT_EQ(Reason(ToStage(5, "li")), "ROOM_NOT_LIVE");
}

TEST_F(StageTest, APlaceFreedByAMoveServesTheQueue) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({2, 1, 0}, 1)), absl::OkStatus());
  for (const char* user : {"li", "han", "wang"}) ASSERT_TRUE(Join(1, user).ok());
  ASSERT_EQ(PlaceOf(1, "wang").rung, Rung::kWaiting);
  EXPECT_EQ(Reason(ToStage(1, "han")), "LEVEL_FULL");
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "wang").rung, Rung::kRtc) << "the queue was first";
  EXPECT_EQ(ToStage(1, "wang")->place.seat, 1);
  ASSERT_TRUE(Join(1, "zhao").ok());
  EXPECT_EQ(ToAudience(1, "wang")->place.seat, 0);
  EXPECT_EQ(PlaceOf(1, "zhao").rung, Rung::kWaiting);
}

TEST_F(StageTest, ASeatGivenUpInASmallClassGoesToTheNext) {
  Begin();
  RoomLimits limits = SmallClass(1);
  limits.places[0] = 4;
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  ASSERT_TRUE(Join(1, "li").ok());
  ASSERT_TRUE(Join(1, "han").ok());
  EXPECT_EQ(ToAudience(1, "li")->place.seat, 0);
  EXPECT_EQ(PlaceOf(1, "han").seat, 1);
  EXPECT_EQ(Reason(ToStage(1, "li")), "SEATS_FULL");
}

}  // namespace
}  // namespace trivium::live
