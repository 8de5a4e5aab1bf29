// Who waits, and who comes next.
#include "absl/strings/str_cat.h"
#include "services/live/admission/admission_suite.h"

namespace trivium::live {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(QueueTest, AFreedPlaceGoesToWhoHasWaitedLongest) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({2, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "li").ok());
  for (const char* user : {"han", "wang", "zhao"}) EXPECT_EQ(Join(1, user)->place.rung, Rung::kWaiting);
  EXPECT_EQ(Renew(1, "zhao", PlaceOf(1, "zhao").epoch)->queue_position, 3);
  News();
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  EXPECT_THAT(News(), ElementsAre("LEFT li LEFT", "ADMITTED han RTC"));
  EXPECT_EQ(Leave(1, "wang"), absl::OkStatus()) << "who waits may leave";
  EXPECT_EQ(Renew(1, "zhao", PlaceOf(1, "zhao").epoch)->queue_position, 1);
  const auto han = Renew(1, "han", PlaceOf(1, "han").epoch);
  EXPECT_EQ(han->place.why, Why::kAdmitted);
  EXPECT_EQ(han->queue_position, 0);
}

TEST_F(QueueTest, ANewcomerNeverPassesThoseWhoWait) {
  Begin();
  SetLevel(Level::kProduct, {1, 0, 0});
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  EXPECT_EQ(Join(1, "li")->place.full[0], Level::kProduct);
  SetLevel(Level::kProduct, {2, 0, 0});
  const auto newcomer = Join(1, "han");
  EXPECT_EQ(newcomer->place.rung, Rung::kWaiting) << "although a place is free";
  EXPECT_EQ(newcomer->place.why, Why::kBehindQueue);
  EXPECT_EQ(newcomer->queue_position, 2);
  const auto batch = admission_.AdmitWaiting(10, call());
  EXPECT_EQ(batch->done, 1);
  EXPECT_FALSE(batch->more);
  EXPECT_EQ(PlaceOf(1, "li").rung, Rung::kRtc);
  EXPECT_EQ(PlaceOf(1, "han").rung, Rung::kWaiting);
}

TEST_F(QueueTest, AReconnectKeepsTheTurn) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({1, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "li").ok());
  ASSERT_TRUE(Join(1, "han").ok());
  const auto again = Join(1, "li");
  EXPECT_TRUE(again->returned);
  EXPECT_EQ(again->queue_position, 1);
}

TEST_F(QueueTest, RoomsAreAdmittedInTurn) {
  Begin();
  SetLevel(Level::kNode, {3, 0, 0});
  for (int room = 1; room <= 3; ++room) ASSERT_EQ(Start(room, LargeRoom({10, 0, 0})), absl::OkStatus());
  for (int room = 1; room <= 3; ++room) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Join(room, absl::StrCat("r", room, "-", i)).ok());
  }
  News();
  SetLevel(Level::kNode, {7, 0, 0});
  EXPECT_EQ(admission_.AdmitWaiting(2, call())->done, 2);
  EXPECT_TRUE(admission_.AdmitWaiting(1, call())->more);
  EXPECT_EQ(admission_.AdmitWaiting(9, call())->done, 1);
  EXPECT_THAT(News(), ElementsAre("ADMITTED r1-0 RTC", "ADMITTED r2-0 RTC", "ADMITTED r3-0 RTC", "ADMITTED r1-1 RTC"));
  const auto idle = admission_.AdmitWaiting(9, call());
  EXPECT_EQ(idle->done, 0);
  EXPECT_FALSE(idle->more);
}

TEST_F(QueueTest, APlaceFreedInOneRoomServesAnother) {
  Begin();
  SetLevel(Level::kPlatform, {3, 0, 0});
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  ASSERT_EQ(Start(2, LargeRoom({10, 0, 0})), absl::OkStatus());
  ASSERT_EQ(Join(1, "li")->place.rung, Rung::kRtc);
  ASSERT_EQ(Join(2, "han")->place.rung, Rung::kWaiting);
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  EXPECT_EQ(PlaceOf(2, "han").rung, Rung::kRtc);
}

TEST_F(QueueTest, EstimatesByTheRoomsOwnPace) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({1, 0, 0})), absl::OkStatus());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Join(1, absl::StrCat("u", i)).ok());
  RoomLimits limits = LargeRoom({1, 0, 0});
  const auto admit_one = [&] {
    ++limits.places[0];
    EXPECT_EQ(admission_.UpdateRoomLimits(Room(1), limits, call()), absl::OkStatus());
  };
  admit_one();
  EXPECT_EQ(Renew(1, "u4", PlaceOf(1, "u4").epoch)->estimated_wait, std::nullopt) << "one admission is no pace";
  Advance(absl::Seconds(10));
  admit_one();
  EXPECT_EQ(Renew(1, "u4", PlaceOf(1, "u4").epoch)->estimated_wait, absl::Seconds(30));
  Advance(absl::Seconds(5));
  admit_one();
  EXPECT_EQ(Renew(1, "u4", PlaceOf(1, "u4").epoch)->estimated_wait, absl::Seconds(18)) << "2 x (4 x 10 s + 5 s) / 5";
}

TEST_F(QueueTest, StaffPassesTheQueue) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({1, 0, 0})), absl::OkStatus());
  ASSERT_EQ(Join(1, "li")->place.rung, Rung::kWaiting);
  EXPECT_EQ(Join(1, "teacher", Role::kTeacher)->place.rung, Rung::kRtc);
  News();
  EXPECT_EQ(Leave(1, "teacher"), absl::OkStatus());
  EXPECT_THAT(News(), ElementsAre("LEFT teacher LEFT")) << "the slice stays the staff's";
}

TEST_F(QueueTest, NothingIsLeftOfWhoWaited) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({1, 0, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "li").ok());
  ASSERT_TRUE(Join(1, "han").ok());
  Advance(kLease);
  EXPECT_EQ(admission_.ExpireLeases(10, call())->done, 2);
  EXPECT_THAT(List(1), IsEmpty());
  EXPECT_EQ(admission_.CountCell(call())->waiting_rooms, 0);
}

}  // namespace
}  // namespace trivium::live
