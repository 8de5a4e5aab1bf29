// The service as it is wired, on a real Redis and in real time.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/live_under_test.h"

namespace trivium::live {
namespace {

class ServiceRedisTest : public ::testing::Test {
 protected:
  ServiceRedisTest() {
    Profile profile = live_.profiles().Get();
    profile.lease = absl::Seconds(5);
    live_.profiles().Set(profile);
  }
  v1::CreateRoomRequest Small(int seats) {
    v1::CreateRoomRequest request;
    request.set_type(v1::Room::SMALL);
    request.set_seats(seats);
    return request;
  }

  const std::unique_ptr<redis::AnyTestRedis> redis_ = redis::AnyTestRedis::Start().value();
  LiveUnderTest live_{nullptr, redis_.get()};
};

TEST_F(ServiceRedisTest, SeatsAreGivenOnceToThoseWhoComeAtOnce) {
  const v1::Room room = live_.MustOpen(Small(6));
  std::vector<v1::JoinRoomResponse> joined(16);
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&, i] { joined[i] = live_.MustJoin(room, absl::StrCat("u-", i)); });
  for (std::thread& t : threads) t.join();
  std::set<int> seats;
  int waiting = 0;
  for (const v1::JoinRoomResponse& join : joined) {
    if (join.participant().rung() == v1::WAITING) {
      ++waiting;
    } else {
      EXPECT_TRUE(seats.insert(join.participant().seat()).second) << join.participant().seat();
      EXPECT_FALSE(join.media().user_sig().empty());
    }
  }
  EXPECT_EQ(seats, (std::set<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(waiting, 10);
  EXPECT_EQ(live_.AwaitEvents(18).size(), 18u);
}

TEST_F(ServiceRedisTest, AWipedRedisGivesTheSeatBack) {
  const v1::Room room = live_.MustOpen(Small(2));
  const v1::JoinRoomResponse a = live_.MustJoin(room, "a"), b = live_.MustJoin(room, "b");
  live_.AwaitEvents(4);
  ASSERT_EQ(redis_->Flush(), absl::OkStatus());
  v1::JoinRoomResponse response;
  EXPECT_TRUE(
      Eventually([&] { return ReasonOf(live_.Join(room, "newcomer", v1::STUDENT, &response)) == "REBUILDING"; }));
  v1::HeartbeatResponse beat;
  const absl::Status back = live_.Beat(b, &beat, b.resume_token());
  ASSERT_TRUE(back.ok()) << back;
  EXPECT_EQ(beat.participant().seat(), 2);
  // After the lease the newcomer takes the place of who did not come back.
  EXPECT_TRUE(Eventually([&] {
    (void)live_.Beat(b, &beat, beat.resume_token());
    return live_.Join(room, "newcomer", v1::STUDENT, &response).ok() && response.participant().seat() == 1;
  }));
}

TEST_F(ServiceRedisTest, AnAwayRedisIsSaidAndOver) {
  const v1::Room room = live_.MustOpen(Small(2));
  live_.MustJoin(room, "a");
  redis_->Kill9();
  v1::JoinRoomResponse response;
  const absl::Status away = live_.Join(room, "b", v1::STUDENT, &response);
  EXPECT_EQ(away.code(), absl::StatusCode::kUnavailable) << away;
  EXPECT_EQ(ReasonOf(away), "ADMISSION_UNAVAILABLE") << away;
  v1::GetRoomRequest get;
  get.set_room_id(room.room_id());
  v1::Room found;
  EXPECT_TRUE(live_.Call(&LiveUnderTest::Stub::GetRoom, get, &found).ok()) << "rooms can be read all the same";
}

}  // namespace
}  // namespace trivium::live
