#include "services/live/admission/admission_suite.h"

namespace trivium::live {

void AdmissionTest::ExpectSound() {
  const auto cell = admission_.CountCell(call());
  if (Reason(cell) == "ADMISSION_STATE_LOST") return;
  ASSERT_TRUE(cell.ok()) << cell.status();
  PerRung use{};
  int64_t participants = 0, waiting = 0, rooms = 0;
  for (int number = 1; number <= 9; ++number) {
    const auto counts = admission_.CountRoom(Room(number), call());
    if (!counts.ok()) continue;
    ++rooms;
    PerRung room_use{counts->limits.staff_slots, 0, 0};
    int64_t slice = 0;
    std::set<int> seats;
    std::array<int64_t, 4> on{}, by_role{};
    for (const Participant& p : List(number)) {
      const Place& place = p.place;
      EXPECT_EQ(p.queue_position > 0, place.rung == Rung::kWaiting);
      ++participants;
      ++on[Index(place.rung)];
      ++by_role[static_cast<size_t>(place.role) - 1];
      slice += place.slice ? 1 : 0;
      EXPECT_TRUE(place.seat == 0 || seats.insert(place.seat).second) << "seat " << place.seat << " twice";
      if (place.rung != Rung::kWaiting && !place.slice) ++room_use[Index(place.rung)];
    }
    EXPECT_EQ(counts->use, room_use) << "room " << number;
    EXPECT_EQ(counts->on, on) << "room " << number;
    EXPECT_EQ(counts->by_role, by_role) << "room " << number;
    EXPECT_EQ(counts->slice_taken, slice) << "room " << number;
    EXPECT_EQ(counts->seats_taken, static_cast<int64_t>(seats.size())) << "room " << number;
    EXPECT_LE(slice, counts->limits.staff_slots);
    waiting += on[Index(Rung::kWaiting)];
    for (size_t i = 0; i < kRungs; ++i) use[i] += room_use[i];
  }
  EXPECT_EQ(cell->rooms, rooms);
  EXPECT_EQ(cell->participants, participants);
  EXPECT_EQ(cell->waiting, waiting);
  // All rooms of these tests belong to the same levels.
  for (const Level level : {Level::kPlatform, Level::kProduct, Level::kInstitution, Level::kNode}) {
    const LevelCounts counts = Count(level);
    EXPECT_TRUE(!counts.known || counts.use == use) << "level " << static_cast<int>(level);
  }
}

}  // namespace trivium::live
