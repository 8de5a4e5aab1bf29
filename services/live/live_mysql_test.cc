// The service on a real database: what Redis and the process forget is still there.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/live_under_test.h"
#include "services/live/store/mysql_under_test.h"

namespace trivium::live {
namespace {

mysql::PoolOptions Database() { return TestDatabaseOptions(); }

TEST(LiveMysqlTest, AClassOfManyIsStoredChangeByChange) {
  const mysql::PoolOptions database = Database();
  v1::Room room;
  constexpr int kUsers = 120;  // More than RTC has, so that all rungs and the queue are used.
  {
    LiveUnderTest live(&database);
    v1::CreateRoomRequest create;
    create.mutable_capacity()->set_rtc(20);
    create.mutable_capacity()->set_fast(30);
    create.mutable_capacity()->set_standard(40);
    room = live.MustOpen(create);
    for (int i = 0; i < kUsers; ++i) live.MustJoin(room, absl::StrCat("u-", i));
    live.AwaitEvents(2 + kUsers);
    EXPECT_EQ(live.AwaitEvents(2 + kUsers).size(), 2u + kUsers);
  }
  // Another process, and a Redis that has lost everything: the room is opened again for who comes.
  LiveUnderTest live(&database);
  v1::JoinRoomResponse response;
  EXPECT_EQ(ReasonOf(live.Join(room, "late", v1::STUDENT, &response)), "REBUILDING");
  live.clock().Advance(absl::Seconds(31));
  EXPECT_TRUE(Eventually([&] { return live.Join(room, "late", v1::STUDENT, &response).ok(); }));
  EXPECT_EQ(response.participant().rung(), v1::RTC);
  // Each of those who did not come back has left, once.
  v1::DailySummary day;
  EXPECT_TRUE(Eventually([&] {
    EXPECT_TRUE(live.Call(&LiveUnderTest::Stub::GetDailySummary, v1::GetDailySummaryRequest(), &day).ok());
    return day.leaves().count("REDIS_LOST") > 0 && day.leaves().at("REDIS_LOST") >= kUsers;
  }));
  EXPECT_EQ(day.leaves().at("REDIS_LOST"), kUsers);
  EXPECT_EQ(day.queued(), kUsers - 88) << "20 + 30 + 40 places, two of them the staff's";
  // Closed, so that the next test's cell has nothing to wait for.
  live.MustEnd(room);
  live.clock().Advance(absl::Minutes(11));
  v1::GetRoomRequest get;
  get.set_room_id(room.room_id());
  EXPECT_TRUE(Eventually([&] {
    EXPECT_TRUE(live.Call(&LiveUnderTest::Stub::GetRoom, get, &room).ok());
    return room.state() == v1::Room::CLOSED;
  }));
}

TEST(LiveMysqlTest, ABanOutlivesRedis) {
  const mysql::PoolOptions database = Database();
  LiveUnderTest live(&database);
  const v1::Room room = live.MustOpen();
  v1::RemoveParticipantRequest remove;
  remove.set_room_id(room.room_id());
  remove.set_user_id("u-1");
  v1::RemoveParticipantResponse removed;
  ASSERT_TRUE(live.Call(&LiveUnderTest::Stub::RemoveParticipant, remove, &removed).ok());
  live.admission().Lose();
  v1::JoinRoomResponse response;
  (void)live.Join(room, "u-2", v1::STUDENT, &response);
  // A lease, and by how much clocks may differ: the cell's mark is of the test before, whose clock ran ahead.
  live.clock().Advance(absl::Seconds(33));
  EXPECT_TRUE(Eventually([&] { return live.Join(room, "u-2", v1::STUDENT, &response).ok(); }));
  EXPECT_EQ(ReasonOf(live.Join(room, "u-1", v1::STUDENT, &response)), "PARTICIPANT_BANNED");
}

}  // namespace
}  // namespace trivium::live
