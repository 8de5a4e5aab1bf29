// Who gets which place.
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/admission/admission_suite.h"

namespace trivium::live {
namespace {

using ::testing::ElementsAre;

TEST_F(PlacementTest, TakesTheFirstRungWithAFreePlaceAndSaysWhatWasFull) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({2, 1, 1})), absl::OkStatus());
  const auto rtc = Join(1, "li"), fast = Join(1, "han"), standard = Join(1, "wang"), waits = Join(1, "zhao");
  EXPECT_EQ(rtc->place.rung, Rung::kRtc);
  EXPECT_EQ(rtc->place.why, Why::kFreePlace);
  EXPECT_EQ(rtc->place.full, FullLevels{});
  EXPECT_EQ(fast->place.rung, Rung::kFast);
  EXPECT_EQ(fast->place.full, (FullLevels{Level::kRoom, std::nullopt, std::nullopt}));
  EXPECT_EQ(standard->place.rung, Rung::kStandard);
  EXPECT_EQ(waits->place.rung, Rung::kWaiting);
  EXPECT_EQ(waits->place.why, Why::kFull);
  EXPECT_EQ(waits->place.full, (FullLevels{Level::kRoom, Level::kRoom, Level::kRoom}));
  EXPECT_EQ(waits->queue_position, 1);
  EXPECT_EQ(waits->estimated_wait, std::nullopt);
  EXPECT_EQ(waits->lease_ends, now() + kLease);
  EXPECT_THAT(News(), ElementsAre("JOINED li RTC", "JOINED han FAST", "JOINED wang STANDARD", "QUEUED zhao WAITING"));
}

// Each level in turn has one place fewer than all others.
TEST_F(PlacementTest, EveryLevelLimits) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 10, 10})), absl::OkStatus());
  for (const Level level : {Level::kPlatform, Level::kProduct, Level::kInstitution, Level::kNode}) {
    SetEach({10, 10, 10});
    SetLevel(level, {2, 1, 0});  // One RTC place is the slice's.
    EXPECT_EQ(Join(1, "first")->place.rung, Rung::kRtc);
    const auto second = Join(1, "second");
    EXPECT_EQ(second->place.rung, Rung::kFast);
    EXPECT_EQ(second->place.full[0], level);
    const auto third = Join(1, "third");
    EXPECT_EQ(third->place.rung, Rung::kWaiting);
    EXPECT_EQ(third->place.full, (FullLevels{level, level, level}));
    EXPECT_EQ(Count(level).use, (PerRung{2, 1, 0}));
    for (const char* user : {"third", "second", "first"}) EXPECT_EQ(Leave(1, user), absl::OkStatus());
  }
}

TEST_F(PlacementTest, RoomsWithoutAnInstitutionSkipThatLevel) {
  Begin();
  SetLevel(Level::kInstitution, {0, 0, 0});
  StartRoomRequest start = StartOf(20, LargeRoom({2, 0, 0}));
  start.institution.clear();
  ASSERT_EQ(admission_.StartRoom(start, call()), absl::OkStatus());
  EXPECT_EQ(Join(20, "li")->place.rung, Rung::kRtc);
  EXPECT_EQ(Leave(20, "li"), absl::OkStatus());
  EXPECT_FALSE(admission_.EndRoom(Room(20), 10, call())->more);
}

TEST_F(PlacementTest, AQueueThatIsFullRefusesAndSaysWhy) {
  Begin();
  RoomLimits limits = LargeRoom({1, 0, 1});
  limits.queue_max = 1;
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  EXPECT_EQ(Join(1, "li")->place.rung, Rung::kStandard);
  EXPECT_EQ(Join(1, "han")->place.rung, Rung::kWaiting);
  const auto refused = Join(1, "wang");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(refused), "ROOM_QUEUE_FULL");
  EXPECT_EQ(MetadataOf(refused.status(), "why"), "BEHIND_QUEUE");
  limits.queue_max = 0;
  ASSERT_EQ(Start(2, limits), absl::OkStatus());
  EXPECT_EQ(Join(2, "li")->place.rung, Rung::kStandard);
  const auto full = Join(2, "han");
  EXPECT_EQ(MetadataOf(full.status(), "why"), "FULL");
  EXPECT_EQ(MetadataOf(full.status(), "full_rtc"), "ROOM");
  EXPECT_EQ(MetadataOf(full.status(), "full_standard"), "ROOM");
}

TEST_F(PlacementTest, ARoomReservesItsStaffSliceOnAllLevels) {
  Begin();
  RoomLimits limits = LargeRoom({10, 0, 0});
  limits.staff_slots = 3;
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  for (const Level level : {Level::kPlatform, Level::kProduct, Level::kInstitution, Level::kNode}) {
    EXPECT_EQ(Count(level).use, (PerRung{3, 0, 0}));
    SetEach({10, 10, 10});
    SetLevel(level, {5, 10, 10});
    const absl::Status refused = Start(2, limits);
    EXPECT_EQ(Reason(refused), "LEVEL_FULL");
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(Count(level).use, (PerRung{3, 0, 0})) << "a refused room takes nothing";
  }
  SetEach({10, 10, 10});
  limits.places[0] = 2;
  EXPECT_EQ(MetadataOf(Start(2, limits), "level"), "ROOM");
}

TEST_F(PlacementTest, TheTeacherIsNeverRefusedWhenAllIsFull) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({2, 0, 0})), absl::OkStatus());
  EXPECT_EQ(Join(1, "li")->place.rung, Rung::kRtc);
  EXPECT_EQ(Join(1, "han")->place.rung, Rung::kWaiting);
  SetEach({0, 0, 0});
  const auto teacher = Join(1, "teacher", Role::kTeacher);
  ASSERT_TRUE(teacher.ok()) << teacher.status();
  EXPECT_EQ(teacher->place.rung, Rung::kRtc);
  EXPECT_EQ(teacher->place.why, Why::kStaffSlice);
  EXPECT_TRUE(teacher->place.slice);
  EXPECT_EQ(CountRoom(1).use[0], 2) << "the slice was counted before";
}

TEST_F(PlacementTest, AssistantsLeaveOneSlotForTheTeacher) {
  Begin();
  RoomLimits limits = LargeRoom({3, 5, 5});
  limits.staff_slots = 2;
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  EXPECT_TRUE(Join(1, "a1", Role::kAssistant)->place.slice);
  const auto beyond = Join(1, "a2", Role::kAssistant);
  EXPECT_EQ(beyond->place.rung, Rung::kRtc);
  EXPECT_FALSE(beyond->place.slice) << "an ordinary place";
  EXPECT_EQ(Reason(Join(1, "a3", Role::kAssistant)), "STAFF_SLICE_FULL");
  EXPECT_TRUE(Join(1, "t1", Role::kTeacher)->place.slice);
  EXPECT_EQ(Reason(Join(1, "t2", Role::kTeacher)), "STAFF_SLICE_FULL");
  EXPECT_EQ(Leave(1, "a1"), absl::OkStatus());
  EXPECT_TRUE(Join(1, "a3", Role::kAssistant)->place.slice) << "a teacher is in";
}

TEST_F(PlacementTest, ASmallClassGivesSeats) {
  Begin();
  ASSERT_EQ(Start(1, SmallClass(2)), absl::OkStatus());
  EXPECT_EQ(Join(1, "li")->place.seat, 1);
  EXPECT_EQ(Join(1, "han")->place.seat, 2);
  const auto waits = Join(1, "wang");
  EXPECT_EQ(waits->place.rung, Rung::kWaiting);
  EXPECT_EQ(waits->place.why, Why::kSeatsTaken);
  EXPECT_EQ(Join(1, "teacher", Role::kTeacher)->place.seat, 0);
  const auto parent = Join(1, "parent", Role::kObserver);
  EXPECT_EQ(parent->place.rung, Rung::kStandard) << "viewers do not wait behind those who need a seat";
  EXPECT_EQ(parent->place.seat, 0);
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  const Place wang = PlaceOf(1, "wang");
  EXPECT_EQ(wang.seat, 1) << "the lowest free one";
  EXPECT_EQ(wang.why, Why::kAdmitted);
}

TEST_F(PlacementTest, AViewerTakesNoPlaceThatASeatNeeds) {
  Begin();
  RoomLimits limits = SmallClass(2);
  limits.places[0] = 5;  // The slice's two, the seats' two, one more.
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  EXPECT_EQ(Join(1, "parent-1", Role::kObserver)->place.rung, Rung::kRtc);
  const auto second = Join(1, "parent-2", Role::kObserver);
  EXPECT_EQ(second->place.rung, Rung::kStandard);
  EXPECT_EQ(second->place.full[0], Level::kRoom);
  EXPECT_EQ(Join(1, "li")->place.seat, 1);
  EXPECT_EQ(Join(1, "han")->place.seat, 2);
}

TEST_F(PlacementTest, ASeatIsOnRtcOnly) {
  Begin();
  SetLevel(Level::kProduct, {3, 10, 10});
  ASSERT_EQ(Start(1, SmallClass(2)), absl::OkStatus());
  EXPECT_EQ(Join(1, "li")->place.rung, Rung::kRtc);
  const auto waits = Join(1, "han");
  EXPECT_EQ(waits->place.rung, Rung::kWaiting);
  EXPECT_EQ(waits->place.full[0], Level::kProduct);
}

TEST_F(PlacementTest, ABatchOfJoinsIsAsManyJoins) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({101, 20, 0})), absl::OkStatus());
  std::vector<JoinRequest> joins;
  for (int i = 0; i < 150; ++i) {
    joins.push_back(JoinOf(1, absl::StrCat("user-", i), Role::kStudent, absl::StrCat("batch-", i)));
  }
  joins[3].user_id = "";
  joins[7].room = Room(8);
  const auto answers = admission_.Join(joins, call());
  EXPECT_EQ(Reason(answers[3]), "FIELD_INVALID");
  EXPECT_EQ(Reason(answers[7]), "ROOM_NOT_LIVE");
  std::array<int, 5> on{};
  int64_t sequence = 0;
  for (size_t i = 0; i < joins.size(); ++i) {
    if (!answers[i].ok()) {
      ++on[4];
      continue;
    }
    ++on[Index(answers[i]->place.rung)];
    EXPECT_GT(answers[i]->sequence, sequence) << "in their order";
    sequence = answers[i]->sequence;
  }
  EXPECT_THAT(on, ElementsAre(100, 20, 0, 10, 20));
  joins.resize(kMaxBatch + 1, joins[0]);
  EXPECT_EQ(Reason(admission_.Join(joins, call())[0]), "FIELD_INVALID");
}

}  // namespace
}  // namespace trivium::live
