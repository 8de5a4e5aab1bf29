#include "services/live/cell.h"

#include "libs/status/error.h"
#include "services/live/cell_under_test.h"
#include "services/live/room_cache.h"

namespace trivium::live {
namespace {

struct CellTest : ::testing::Test, CellUnderTest {};

TEST_F(CellTest, ARoomThatTheAdmissionHasLostIsOpenedForWhoComes) {
  const Room room = OpenRoom();
  admission->Lose();
  ASSERT_EQ(ReasonOf(Join(room, "u-1").status()), "REBUILDING");
  clock.Advance(absl::Seconds(31));
  EXPECT_TRUE(Join(room, "u-1").ok());
}

TEST_F(CellTest, ARoomThatWasClosedIsNotOpenedAgainForWhoReadItBefore) {
  const Room room = OpenRoom();
  ASSERT_TRUE(Join(room, "u-1").ok());
  Move(room, RoomEvent::kEnded);
  ASSERT_TRUE(cell.Close({room.product, room.id}, Deadline()).ok());
  Move(room, RoomEvent::kClosed);
  EXPECT_EQ(ReasonOf(Join(room, "u-1").status()), "ROOM_NOT_LIVE");
  EXPECT_EQ(RtcInUse(), 0) << "its staff's places are given back";
}

TEST_F(CellTest, ARoomThatIsBeingClosedIsNotOpenedAgain) {
  const Room room = OpenRoom();
  clock.Advance(Move(room, RoomEvent::kEnded).close_time - clock.Now() - absl::Seconds(1));
  // Emptied, by a clock that is ahead; the database does not know it yet.
  ASSERT_TRUE(cell.Close({room.product, room.id}, Deadline()).ok());
  EXPECT_EQ(ReasonOf(Join(room, "u-1").status()), "ROOM_NOT_LIVE");
  EXPECT_EQ(RtcInUse(), 0);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(ReasonOf(Join(room, "u-1").status()), "ROOM_NOT_LIVE");
  EXPECT_EQ(RtcInUse(), 0);
  admission->Lose();
  ASSERT_TRUE(cell.Rebuild(Deadline()).ok());
  ASSERT_TRUE(cell.RestoreRooms(Deadline()).ok());
  EXPECT_EQ(RtcInUse(), 0) << "nothing is brought back, either";
}

TEST_F(CellTest, ARoomThatIsClosedWhileSomebodyOpensItGivesItsPlacesBack) {
  const Room room = OpenRoom();
  Move(room, RoomEvent::kEnded);
  ASSERT_TRUE(cell.Close({room.product, room.id}, Deadline()).ok());
  store.after_next_read = [&] { Move(room, RoomEvent::kClosed); };
  EXPECT_EQ(ReasonOf(Join(room, "u-1").status()), "ROOM_NOT_LIVE");
  EXPECT_EQ(RtcInUse(), 0);
}

TEST_F(CellTest, NumbersGoOnAboveTheStoredOnesAlsoWhenAClockWasAhead) {
  const Room room = OpenRoom();
  Change change{.sequence = absl::ToUnixMicros(clock.Now() + absl::Seconds(1)) + 1, .time = clock.Now()};
  change.room = {room.product, room.id};
  ASSERT_TRUE(store.ApplyChanges(kCell, 0, {&change, 1}, OneDay(), Deadline()).ok());
  admission->Lose();
  ASSERT_TRUE(cell.Rebuild(Deadline()).ok());
  const CellCounts counts = admission->CountCell(cell.CallUntil(Deadline())).value();
  EXPECT_GT(counts.sequence, change.sequence);
  EXPECT_LE(counts.rebuild_until, clock.Now() + absl::Seconds(32));
}

TEST_F(CellTest, ARebuildLastsTheLongestLeaseOfTheProducts) {
  struct Case {
    std::map<std::string, absl::Duration> leases;
    absl::Duration want;
  };
  const Case cases[] = {
      {{{"acme", absl::Seconds(5)}, {"globex", absl::Seconds(7)}}, absl::Seconds(7)},
      {{{"acme", absl::Minutes(5)}, {"globex", absl::Seconds(5)}}, absl::Minutes(5)},
      {{{"acme", absl::Seconds(5)}}, absl::Seconds(30)},  // globex has the usual one.
      {{}, absl::Seconds(30)},                            // No product has a profile.
  };
  const Room room = OpenRoom();
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::FormatDuration(c.want));
    profiles.leases = c.leases;
    products = c.leases.empty() ? std::vector<std::string>() : std::vector<std::string>{"acme", "globex"};
    admission->Lose();
    EXPECT_EQ(ReasonOf(Join(room, "u-1").status()), "REBUILDING");
    EXPECT_EQ(admission->CountCell(cell.CallUntil(Deadline()))->rebuild_until, clock.Now() + c.want);
    clock.Advance(c.want - absl::Milliseconds(1));
    EXPECT_EQ(ReasonOf(Join(room, "u-1").status()), "REBUILDING");
    clock.Advance(absl::Milliseconds(1));
    EXPECT_TRUE(Join(room, "u-1").ok());
  }
}

TEST_F(CellTest, AnInstitutionsPlacesComeAndGoWithItsRooms) {
  Room room = MakeRoom();
  const LevelName name{.level = Level::kInstitution, .product = "acme", .name = room.institution_id};
  const auto count = [&] { return admission->CountLevels({&name, 1}, cell.CallUntil(Deadline())).value()[0]; };
  profiles.profile.institution_capacity = {1, 0, 0};
  EXPECT_EQ(MetadataOf(cell.Open(room, false, Deadline()).status(), "level"), "INSTITUTION");
  EXPECT_FALSE(count().known) << "it did not open";
  profiles.profile.institution_capacity = {5, 6, 7};
  ASSERT_TRUE(cell.Open(room, false, Deadline()).ok());
  room = Move(room, RoomEvent::kStarted);
  EXPECT_EQ(count().places, (PerRung{5, 6, 7}));
  profiles.profile.institution_capacity = {8, 9, 10};
  ASSERT_TRUE(cell.TellCapacities(Deadline()).ok());
  EXPECT_EQ(count().places, (PerRung{8, 9, 10}));
  // All rooms come back with theirs.
  admission->Lose();
  ASSERT_TRUE(cell.Rebuild(Deadline()).ok());
  ASSERT_TRUE(cell.RestoreRooms(Deadline()).ok());
  EXPECT_EQ(count().places, (PerRung{8, 9, 10}));
  ASSERT_TRUE(cell.Close({room.product, room.id}, Deadline()).ok());
  EXPECT_FALSE(count().known);
}

TEST_F(CellTest, MoreProductsAndInstitutionsThanABatchAreTold) {
  for (int i = 0; i < 1200; ++i) products.push_back(absl::StrCat("product-", i));
  ASSERT_TRUE(cell.Rebuild(Deadline()).ok());
  OpenRoom();
  const absl::Status told = cell.TellCapacities(Deadline());
  ASSERT_TRUE(told.ok()) << told;
  const LevelName names[] = {{.level = Level::kProduct, .product = "product-1199"},
                             {.level = Level::kInstitution, .product = "acme", .name = "school-1"}};
  const auto counts = admission->CountLevels(names, cell.CallUntil(Deadline())).value();
  EXPECT_TRUE(counts[0].known);
  EXPECT_TRUE(counts[1].known);
}

struct RoomCacheTest : ::testing::Test, CellUnderTest {
  absl::StatusOr<Room> Get(const Room& room) { return rooms.Get(room.product, room.id, Deadline()); }
  RoomCache rooms{store, clock};
};

TEST_F(RoomCacheTest, AsksOnceASecond) {
  const Room room = OpenRoom();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Get(room).ok());
  EXPECT_EQ(store.reads, 1);
  Move(room, RoomEvent::kEnded);
  clock.Advance(RoomCache::kFresh);
  EXPECT_EQ(Get(room)->state, RoomState::kEnded);
  EXPECT_EQ(store.reads, 2);
}

TEST_F(RoomCacheTest, WhileOneAsksTheOthersGoOn) {
  const Room room = OpenRoom();
  ASSERT_TRUE(Get(room).ok());
  clock.Advance(RoomCache::kFresh);
  store.after_next_read = [&] {
    EXPECT_TRUE(Get(room).ok());
    EXPECT_EQ(store.reads, 2) << "did not ask, too";
  };
  EXPECT_TRUE(Get(room).ok());
}

TEST_F(RoomCacheTest, ADatabaseThatIsAwayClosesNoOpenRoom) {
  const Room room = OpenRoom(), later = MakeRoom();
  ASSERT_TRUE(Get(room).ok());
  ASSERT_TRUE(Get(later).ok());
  store.away = true;
  clock.Advance(absl::Minutes(30));
  EXPECT_EQ(Get(room).value(), room);
  EXPECT_FALSE(Get(later).ok()) << "it may have started meanwhile";
  clock.Advance(RoomCache::kOfUse);
  EXPECT_FALSE(Get(room).ok());
}

TEST_F(RoomCacheTest, WhoAskedEarlierDoesNotOverwriteWhatIsNewer) {
  const Room room = MakeRoom();
  store.after_next_read = [&] { rooms.Put(Move(room, RoomEvent::kStarted)); };
  ASSERT_TRUE(Get(room).ok());
  EXPECT_EQ(Get(room)->state, RoomState::kLive);
}

}  // namespace
}  // namespace trivium::live
