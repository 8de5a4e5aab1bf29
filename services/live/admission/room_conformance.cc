// Rooms, levels, the stream of changes.
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/admission/admission_suite.h"

namespace trivium::live {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(RoomTest, StartingTwiceIsOne) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({5, 0, 0})), absl::OkStatus());
  EXPECT_EQ(Start(1, LargeRoom({9, 9, 9})), absl::OkStatus());
  EXPECT_EQ(CountRoom(1).limits, LargeRoom({5, 0, 0})) << "limits are UpdateRoomLimits'";
  StartRoomRequest other = StartOf(1, LargeRoom({5, 0, 0}));
  other.node = "node-2";
  EXPECT_EQ(Reason(admission_.StartRoom(other, call())), "ROOM_STARTED_DIFFERENTLY");
  other.node = kNode;
  other.room.product = "globex";
  EXPECT_EQ(Reason(admission_.StartRoom(other, call())), "ROOM_STARTED_DIFFERENTLY");
}

TEST_F(RoomTest, EveryLevelButTheInstitutionMustBeKnown) {
  ASSERT_TRUE(admission_.BeginGeneration(absl::ZeroDuration(), call()).ok());
  institution_places_ = {5, 5, 5};
  for (const auto& [level, name] : std::vector<std::pair<Level, std::string>>{
           {Level::kNode, "NODE"}, {Level::kProduct, "PRODUCT"}, {Level::kPlatform, "PLATFORM"}}) {
    const absl::Status refused = Start(1, LargeRoom({5, 0, 0}));
    EXPECT_EQ(Reason(refused), "CAPACITY_UNKNOWN");
    EXPECT_EQ(MetadataOf(refused, "level"), name);
    EXPECT_FALSE(Count(level).known);
    SetLevel(level, {5, 5, 5});
  }
  EXPECT_EQ(Start(1, LargeRoom({5, 0, 0})), absl::OkStatus());
}

TEST_F(RoomTest, AnInstitutionIsThereAsLongAsARoomOfIt) {
  Begin();
  SetLevel(Level::kInstitution, {3, 1, 0});
  EXPECT_FALSE(Count(Level::kInstitution).known) << "none has started";
  ASSERT_EQ(Start(1, LargeRoom({5, 0, 0})), absl::OkStatus());
  EXPECT_EQ(Count(Level::kInstitution).places, (PerRung{3, 1, 0}));
  // Another room brings what is told now; one that is refused brings nothing.
  institution_places_ = {2, 0, 0};
  ASSERT_EQ(Start(2, LargeRoom({5, 0, 0})), absl::OkStatus());
  EXPECT_EQ(Count(Level::kInstitution).places, (PerRung{2, 0, 0}));
  EXPECT_EQ(Count(Level::kInstitution).use, (PerRung{2, 0, 0}));
  institution_places_ = {1, 9, 9};
  EXPECT_EQ(MetadataOf(Start(3, LargeRoom({5, 0, 0})), "level"), "INSTITUTION");
  EXPECT_EQ(Count(Level::kInstitution).places, (PerRung{2, 0, 0}));
  SetLevel(Level::kInstitution, {4, 0, 0});
  EXPECT_EQ(Count(Level::kInstitution).places, (PerRung{4, 0, 0})) << "of one that is there";

  ASSERT_TRUE(Join(1, "li").ok());
  EXPECT_TRUE(admission_.EndRoom(Room(2), 10, call()).ok());
  EXPECT_TRUE(Count(Level::kInstitution).known);
  EXPECT_FALSE(admission_.EndRoom(Room(1), 10, call())->more);
  EXPECT_FALSE(Count(Level::kInstitution).known) << "its last room is over";
  EXPECT_TRUE(Count(Level::kProduct).known);
  EXPECT_EQ(Start(1, LargeRoom({5, 0, 0})), absl::OkStatus()) << "it may come again";
  EXPECT_EQ(Count(Level::kInstitution).places, (PerRung{4, 0, 0}));
}

TEST_F(RoomTest, EndsInBatchesAndGivesEverythingBack) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({3, 1, 0})), absl::OkStatus());
  ASSERT_TRUE(Join(1, "teacher", Role::kTeacher).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Join(1, absl::StrCat("u", i)).ok());
  News();
  const auto first = admission_.EndRoom(Room(1), 4, call());
  EXPECT_EQ(first->done, 4);
  EXPECT_TRUE(first->more);
  EXPECT_EQ(Reason(Join(1, "late")), "ROOM_ENDING");
  EXPECT_EQ(Reason(Renew(1, "u4", 1)), "ROOM_ENDING");
  EXPECT_EQ(Reason(Start(1, LargeRoom({3, 1, 0}))), "ROOM_ENDING");
  EXPECT_EQ(Reason(ToStage(1, "u4")), "ROOM_ENDING");
  const auto second = admission_.EndRoom(Room(1), 4, call());
  EXPECT_EQ(second->done, 2);
  EXPECT_FALSE(second->more);
  EXPECT_EQ(News().size(), 6u) << "nobody was admitted to a room that ends";
  EXPECT_EQ(Count(Level::kPlatform).use, (PerRung{0, 0, 0}));
  EXPECT_EQ(Reason(admission_.CountRoom(Room(1), call())), "ROOM_NOT_LIVE");
  EXPECT_EQ(admission_.EndRoom(Room(1), 4, call())->done, 0);
  ASSERT_EQ(Start(1, LargeRoom({3, 1, 0})), absl::OkStatus()) << "it may start again";
}

TEST_F(RoomTest, LeasesFinishWhatAnEndLeftOpen) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({9, 0, 0})), absl::OkStatus());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Join(1, absl::StrCat("u", i)).ok());
  EXPECT_TRUE(admission_.EndRoom(Room(1), 1, call())->more);
  Advance(kLease);
  EXPECT_EQ(admission_.ExpireLeases(10, call())->done, 2);
  EXPECT_EQ(Count(Level::kNode).use[0], 0) << "the slice, too";
}

TEST_F(RoomTest, LimitsChangeWhileItIsLive) {
  Begin();
  RoomLimits limits = LargeRoom({4, 0, 0});
  limits.staff_slots = 2;
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  ASSERT_TRUE(Join(1, "assistant", Role::kAssistant).ok());
  for (const char* user : {"li", "han", "wang"}) ASSERT_TRUE(Join(1, user).ok());
  ASSERT_EQ(PlaceOf(1, "wang").rung, Rung::kWaiting);
  const auto update = [&] { return admission_.UpdateRoomLimits(Room(1), limits, call()); };

  limits.places = {1, 0, 0};
  EXPECT_EQ(update(), absl::OkStatus());
  EXPECT_EQ(CountRoom(1).use[0], 4) << "nobody is put out";
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "wang").rung, Rung::kWaiting) << "and nobody admitted";

  limits.places = {5, 0, 0};
  EXPECT_EQ(update(), absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "wang").rung, Rung::kRtc);

  limits.staff_slots = 1;
  EXPECT_EQ(Reason(update()), "STAFF_SLOTS_IN_USE") << "the assistant's, and one for the teacher";
  limits.staff_slots = 4;
  EXPECT_EQ(MetadataOf(update(), "level"), "ROOM");
  limits.places[0] = 10;
  SetLevel(Level::kProduct, {5, 0, 0});
  EXPECT_EQ(MetadataOf(update(), "level"), "PRODUCT");
  EXPECT_EQ(Count(Level::kProduct).use[0], 4);
  SetLevel(Level::kProduct, {6, 0, 0});
  EXPECT_EQ(update(), absl::OkStatus());
  EXPECT_EQ(Count(Level::kPlatform).use[0], 6);
  limits.staff_slots = 2;
  EXPECT_EQ(update(), absl::OkStatus());
  EXPECT_EQ(Count(Level::kPlatform).use[0], 4);

  limits.seats = 6;
  EXPECT_EQ(Reason(update()), "ROOM_KIND_FIXED");
  EXPECT_EQ(Reason(admission_.UpdateRoomLimits(Room(2), LargeRoom({1, 1, 1}), call())), "ROOM_NOT_LIVE");
}

TEST_F(RoomTest, MoreSeatsSeatThoseWhoWait) {
  Begin();
  RoomLimits limits = SmallClass(1);
  limits.places[0] = 5;
  ASSERT_EQ(Start(1, limits), absl::OkStatus());
  for (const char* user : {"li", "han", "wang"}) ASSERT_TRUE(Join(1, user).ok());
  limits.seats = 3;
  EXPECT_EQ(admission_.UpdateRoomLimits(Room(1), limits, call()), absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "han").seat, 2);
  EXPECT_EQ(PlaceOf(1, "wang").seat, 3);
  limits.seats = 1;
  EXPECT_EQ(admission_.UpdateRoomLimits(Room(1), limits, call()), absl::OkStatus());
  EXPECT_EQ(CountRoom(1).seats_taken, 3) << "nobody is put out";
  EXPECT_EQ(Leave(1, "wang"), absl::OkStatus());
  EXPECT_EQ(Join(1, "zhao")->place.why, Why::kSeatsTaken);
}

TEST_F(RoomTest, ListsInPages) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({3, 0, 0})), absl::OkStatus());
  ASSERT_EQ(Start(2, LargeRoom({3, 0, 0})), absl::OkStatus());
  for (const char* user : {"d", "b", "a", "c"}) ASSERT_TRUE(Join(1, user).ok());
  ASSERT_TRUE(Join(2, "bb").ok());
  const auto page = admission_.ListParticipants(Room(1), "a", 2, call());
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ((*page)[0].user_id, "b");
  EXPECT_EQ((*page)[1].user_id, "c");
  EXPECT_EQ((*page)[1].place.rung, Rung::kWaiting);
  EXPECT_EQ((*page)[0].queue_position, 0);
  EXPECT_EQ((*page)[1].queue_position, 2) << "a came before";
  EXPECT_EQ((*page)[0].lease_ends, now() + kLease);
  EXPECT_THAT(*admission_.ListParticipants(Room(1), "d", 2, call()), IsEmpty());
  EXPECT_EQ(Reason(admission_.ListParticipants(Room(1), "", kMaxPage + 1, call())), "FIELD_INVALID");
}

TEST_F(RoomTest, FindsOneByName) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({3, 0, 0})), absl::OkStatus());
  ASSERT_EQ(Start(2, LargeRoom({3, 0, 0})), absl::OkStatus());
  for (const char* user : {"d", "b", "a", "c|"}) ASSERT_TRUE(Join(1, user).ok());
  ASSERT_TRUE(Join(2, "other").ok());
  const auto find = [&](const RoomId& room, const std::string& user) {
    return admission_.FindParticipant(room, user, call());
  };
  for (const Participant& listed : List(1)) {
    const auto found = find(Room(1), listed.user_id);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->user_id, listed.user_id);
    EXPECT_EQ(found->place, listed.place);
    EXPECT_EQ(found->lease_ends, now() + kLease);
    EXPECT_EQ(found->queue_position, listed.queue_position);
  }
  EXPECT_EQ(find(Room(1), "c|")->queue_position, 2) << "a came before";
  for (const char* user : {"other", "c", "e", "A"})
    EXPECT_EQ(Reason(find(Room(1), user)), "PARTICIPANT_NOT_IN_ROOM") << user;
  EXPECT_EQ(Leave(1, "b"), absl::OkStatus());
  EXPECT_EQ(Reason(find(Room(1), "b")), "PARTICIPANT_NOT_IN_ROOM");
  EXPECT_EQ(Reason(find(Room(3), "d")), "ROOM_NOT_LIVE");
  EXPECT_EQ(Reason(find(Room(1, "globex"), "d")), "ROOM_NOT_LIVE");
  EXPECT_EQ(Reason(find(Room(1), "")), "FIELD_INVALID");
  EXPECT_EQ(Reason(find(Room(1), std::string(kMaxNameBytes + 1, 'x'))), "FIELD_INVALID");
  under_test_.Lose();
  EXPECT_EQ(Reason(find(Room(1), "d")), "ADMISSION_STATE_LOST");
}

TEST_F(RoomTest, ScansEveryRoomWithItsPeople) {
  Begin();
  for (int room = 1; room <= 9; ++room) ASSERT_EQ(Start(room, LargeRoom({3, 0, 0})), absl::OkStatus());
  for (const char* user : {"a", "b", "c"}) ASSERT_TRUE(Join(7, user).ok());
  std::map<Id, RoomUse> found;
  std::string cursor;
  int calls = 0;
  do {
    const auto scan = admission_.ScanRooms(cursor, 2, call());
    ASSERT_TRUE(scan.ok()) << scan.status();
    for (const RoomUse& use : scan->rooms) found[use.room.room_id] = use;
    cursor = scan->cursor;
    ASSERT_LT(++calls, 100);
  } while (!cursor.empty());
  ASSERT_EQ(found.size(), 9u);
  const RoomUse& use = found.at(Room(7).room_id);
  EXPECT_EQ(use.room, Room(7));
  EXPECT_EQ(use.node, kNode);
  EXPECT_EQ(use.on, (std::array<int64_t, 4>{2, 0, 0, 1})) << "one place is the staff's";
  EXPECT_EQ(found.at(Room(8).room_id).on, (std::array<int64_t, 4>{}));
  EXPECT_EQ(Reason(admission_.ScanRooms("", 0, call())), "FIELD_INVALID");
}

TEST_F(CellTest, CapacitiesBelowUsePutNobodyOutAndAdmitNobody) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 10, 0})), absl::OkStatus());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Join(1, absl::StrCat("u", i)).ok());
  SetLevel(Level::kProduct, {2, 0, 0});
  EXPECT_EQ(Count(Level::kProduct).use, (PerRung{5, 0, 0}));
  EXPECT_EQ(Join(1, "waits")->place.rung, Rung::kWaiting);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Leave(1, absl::StrCat("u", i)), absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "waits").rung, Rung::kWaiting) << "2 of 2 are in use";
  EXPECT_EQ(Leave(1, "u3"), absl::OkStatus());
  EXPECT_EQ(PlaceOf(1, "waits").rung, Rung::kRtc);
}

TEST_F(CellTest, ChangesAreReadInOrderAndTrimmed) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  const auto li = Join(1, "li", Role::kStudent, "r-1");
  Advance(absl::Milliseconds(1500));
  EXPECT_EQ(Leave(1, "li"), absl::OkStatus());
  const std::vector<Change> changes = Changes();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].sequence, li->sequence);
  EXPECT_EQ(changes[0].room, Room(1));
  EXPECT_EQ(changes[0].user_id, "li");
  EXPECT_EQ(changes[0].request_id, "r-1");
  EXPECT_EQ(changes[0].place, li->place);
  EXPECT_EQ(changes[1].kind, ChangeKind::kLeft);
  EXPECT_EQ(changes[1].cause, LeaveCause::kLeft);
  EXPECT_EQ(changes[1].place, li->place) << "what it had";
  EXPECT_EQ(changes[1].time, now());
  EXPECT_EQ(admission_.ReadChanges(changes[0].sequence, 10, call())->size(), 1u);
  EXPECT_EQ(admission_.ReadChanges(0, 1, call())->size(), 1u);
  EXPECT_EQ(admission_.TrimChanges(changes[0].sequence, call()), absl::OkStatus());
  EXPECT_EQ(Changes().size(), 1u);
  EXPECT_EQ(admission_.CountCell(call())->changes, 1);
}

class BacklogTest : public AdmissionTest {
 protected:
  BacklogTest() : AdmissionTest(AdmissionOptions{.max_changes = 3}) {}
};

TEST_F(BacklogTest, AFullStreamRefusesNewStaysOnly) {
  Begin();
  ASSERT_EQ(Start(1, LargeRoom({10, 0, 0})), absl::OkStatus());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Join(1, absl::StrCat("u", i)).ok());
  EXPECT_EQ(Reason(Join(1, "u3")), "CHANGES_BACKLOG");
  EXPECT_TRUE(Join(1, "u0").ok()) << "a reconnect";
  EXPECT_EQ(Leave(1, "u1"), absl::OkStatus());
  EXPECT_EQ(Changes().size(), 5u) << "nothing that happened is dropped";
  EXPECT_TRUE(Join(1, "teacher", Role::kTeacher).ok()) << "staff has twice as much";
  EXPECT_EQ(Reason(Join(1, "assistant", Role::kAssistant)), "CHANGES_BACKLOG");
  EXPECT_EQ(admission_.TrimChanges(Changes()[3].sequence, call()), absl::OkStatus());
  EXPECT_TRUE(Join(1, "u3").ok());
}

TEST_F(CellTest, WrongFieldsAreNamed) {
  Begin();
  const auto field = [](const absl::Status& status) {
    EXPECT_EQ(ReasonOf(status), "FIELD_INVALID") << status;
    return std::string(status.message());
  };
  JoinRequest join = JoinOf(1, "li", Role::kStudent, "");
  join.lease = absl::Milliseconds(10);
  const std::string message = field(admission_.Join({{join}}, call())[0].status());
  EXPECT_THAT(message, ::testing::HasSubstr("request_id"));
  EXPECT_THAT(message, ::testing::HasSubstr("lease"));
  RoomLimits limits = LargeRoom({-1, 0, kMaxCapacity + 1});
  limits.staff_slots = 0;
  limits.seats = limits.stage_size = 1;
  limits.queue_max = kMaxQueue + 1;
  const std::string all = field(Start(1, limits));
  for (const char* name : {"places[0]", "places[2]", "staff_slots", "stage_size", "queue_max"}) {
    EXPECT_THAT(all, ::testing::HasSubstr(name));
  }
  field(admission_.ExpireLeases(0, call()).status());
  field(admission_.AdmitWaiting(kMaxBatch + 1, call()).status());
  field(Remove(1, "li", absl::Hours(25)).status());
  field(admission_.BeginGeneration(absl::Hours(1), call()).status());
  const Capacity room_level{{Level::kRoom, "", ""}, {1, 1, 1}};
  field(admission_.SetCapacities({{room_level}}, call()));
}

}  // namespace
}  // namespace trivium::live
