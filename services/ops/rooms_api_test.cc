// Rooms and who is in them: read from live in the product's name.
#include "services/ops/console_fixture.h"

namespace trivium::ops {
namespace {

class RoomsApiTest : public ConsoleFixture {
 protected:
  json OfRoom(json more = json::object()) const {
    more["product"] = "acme";
    more["roomId"] = FakeLive::kRoomId;
    return more;
  }
};

TEST_F(RoomsApiTest, ADayIsReadInTheProductsNameForThePerson) {
  const Answer day = Call("GetRoomsDay", {{"product", "acme"}, {"day", "2026-11-27"}}, SignIn("owner"));
  EXPECT_EQ(day.status, 200) << day.body;
  EXPECT_EQ(live_.last, "GetDay 2026-11-27 as acme for person:owner");
  EXPECT_EQ(day.body["summary"]["queued"], "3");
  EXPECT_EQ(day.body["product"]["hasRooms"], true);
}

TEST_F(RoomsApiTest, FiltersAndPagesGoToLive) {
  const Browser owner = SignIn("owner");
  const Answer page = Call(
      "ListRooms",
      {{"product", "acme"}, {"state", "LIVE"}, {"institutionId", "school-1"}, {"pageSize", 20}, {"pageToken", "t"}},
      owner);
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(live_.last, "ListRooms 2 school-1 20 t counted as acme for person:owner");
  EXPECT_EQ(page.body["rooms"][0]["occupancy"]["rtc"], 1);
  EXPECT_EQ(page.body["nextPageToken"], "more");
  EXPECT_EQ(Call("ListRooms", {{"product", "acme"}, {"pageSize", -1}}, owner).reason(), "FIELD_INVALID");
}

TEST_F(RoomsApiTest, ASearchFindsARoomByItsIdOrItsName) {
  const Browser owner = SignIn("owner");
  const auto search = [&](const std::string& text) {
    return Call("ListRooms", {{"product", "acme"}, {"search", text}, {"state", "LIVE"}}, owner);
  };
  EXPECT_EQ(search(FakeLive::kRoomId).body["rooms"][0]["title"], "数学 7");
  EXPECT_EQ(live_.last, std::string("GetRoom ") + FakeLive::kRoomId + " as acme for person:owner");
  EXPECT_EQ(search("math-7").body["rooms"][0]["title"], "数学 7");
  const Answer none = search("math-8");
  EXPECT_EQ(none.status, 200);
  EXPECT_FALSE(none.body.contains("rooms")) << none.body;
  EXPECT_EQ(search(std::string(65, 'x')).reason(), "FIELD_INVALID");
  live_.answer = Error(absl::StatusCode::kUnavailable, "LIVE_UNAVAILABLE", "live does not answer");
  EXPECT_EQ(search("math-7").status, 503) << "a live that does not answer has not said that there is no such room";
}

TEST_F(RoomsApiTest, ARoomWithItsPeopleStaysAndEvents) {
  const Browser owner = SignIn("owner");
  EXPECT_EQ(Call("GetRoom", OfRoom(), owner).body["title"], "数学 7");
  const Answer people = Call("ListParticipants", OfRoom({{"pageSize", 7}, {"pageToken", "t"}}), owner);
  EXPECT_EQ(people.body["participants"][0]["userId"], "u-1") << people.body;
  EXPECT_EQ(people.body["nextPageToken"], "more");
  EXPECT_EQ(live_.last, "ListParticipants 7 t as acme for person:owner");
  const Answer stays = Call("ListRoomStays", OfRoom({{"pageToken", "t"}}), owner);
  EXPECT_EQ(stays.body["stays"][0]["leaveReason"], "LEASE_EXPIRED") << stays.body;
  EXPECT_EQ(live_.last, std::string("ListStays ") + FakeLive::kRoomId + "  t as acme for person:owner");
  const Answer events = Call("ListRoomEvents", OfRoom(), owner);
  EXPECT_EQ(events.body["events"][0]["type"], "ROOM_STARTED") << events.body;
  EXPECT_EQ(live_.last, "ListRoomEvents 50  as acme for person:owner");
  const Answer of_user = Call("ListUserStays", {{"product", "acme"}, {"userId", "u-1"}}, owner);
  EXPECT_EQ(of_user.body["rooms"][0]["title"], "数学 7") << of_user.body;
  EXPECT_EQ(live_.last, "ListStays  u-1  as acme for person:owner");
  EXPECT_EQ(Call("ListUserStays", {{"product", "acme"}}, owner).reason(), "FIELD_INVALID");
}

TEST_F(RoomsApiTest, AnotherProductsRoomsAreNotThere) {
  const Browser owner = SignIn("owner"), admin = SignIn("admin");
  for (const char* method : {"GetRoomsDay", "ListRooms", "GetRoom", "ListParticipants", "ListRoomStays",
                             "ListRoomEvents", "ListUserStays"}) {
    json body = {{"product", "globex"}, {"roomId", FakeLive::kRoomId}, {"userId", "u-1"}};
    if (method == std::string("GetRoomsDay") || method == std::string("ListRooms")) body.erase("roomId");
    if (method != std::string("ListUserStays")) body.erase("userId");
    if (method == std::string("ListUserStays")) body.erase("roomId");
    live_.last.clear();
    EXPECT_EQ(Call(method, body, owner).reason(), "PRODUCT_NOT_FOUND") << method;
    EXPECT_EQ(live_.last, "") << method << ": live was asked";
    EXPECT_EQ(Call(method, body, admin).status, 200) << method;
    EXPECT_EQ(Call(method, body).reason(), "SESSION_REQUIRED") << method;
  }
  const json other = {{"product", "acme"}, {"roomId", "room_00000000000000000000000009"}};
  for (const char* method : {"GetRoom", "ListParticipants", "ListRoomStays", "ListRoomEvents"})
    EXPECT_EQ(Call(method, other, owner).reason(), "ROOM_NOT_FOUND") << method;
}

TEST_F(RoomsApiTest, WhatLiveAnswersIsPassedOn) {
  live_.answer = Error(absl::StatusCode::kUnavailable, "ADMISSION_UNAVAILABLE", "admission: does not answer");
  const Answer people = Call("ListParticipants", OfRoom(), SignIn("owner"));
  EXPECT_EQ(people.status, 503);
  EXPECT_EQ(people.reason(), "ADMISSION_UNAVAILABLE");
}

}  // namespace
}  // namespace trivium::ops
