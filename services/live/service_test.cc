#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/live_under_test.h"

namespace trivium::live {
namespace {

class ServiceTest : public ::testing::Test {
 protected:
  using Stub = LiveUnderTest::Stub;

  v1::CreateRoomRequest Small(int seats) {
    v1::CreateRoomRequest request;
    request.set_type(v1::Room::SMALL);
    request.set_seats(seats);
    return request;
  }
  v1::CreateRoomRequest Large(int rtc, int fast, int standard) {
    v1::CreateRoomRequest request;
    request.set_type(v1::Room::LARGE);
    request.mutable_capacity()->set_rtc(rtc);
    request.mutable_capacity()->set_fast(fast);
    request.mutable_capacity()->set_standard(standard);
    return request;
  }
  v1::Room Get(const v1::Room& room) {
    v1::GetRoomRequest request;
    request.set_room_id(room.room_id());
    v1::Room found;
    const absl::Status status = live_.Call(&Stub::GetRoom, request, &found);
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }
  absl::Status JoinAsUser(const v1::Room& room, const std::string& user, const std::string& grant,
                          v1::JoinRoomResponse* response, const std::string& resume_token = "") {
    v1::JoinRoomRequest request;
    request.set_room_id(room.room_id());
    request.set_grant(grant);
    request.set_resume_token(resume_token);
    return live_.Call(&Stub::JoinRoom, request, response, user);
  }
  absl::Status Leave(const v1::Room& room, const v1::Participant& who) {
    v1::LeaveRoomRequest request;
    request.set_room_id(room.room_id());
    request.set_user_id(who.user_id());
    request.set_join_id(who.join_id());
    v1::LeaveRoomResponse response;
    return live_.Call(&Stub::LeaveRoom, request, &response);
  }

  LiveUnderTest live_;
};

TEST_F(ServiceTest, ARoomGoesItsWay) {
  v1::Room room = live_.MustCreate();
  EXPECT_EQ(room.state(), v1::Room::SCHEDULED);
  EXPECT_EQ(room.capacity().rtc(), 50) << "the profile's";
  room = live_.MustStart(room);
  EXPECT_EQ(room.state(), v1::Room::LIVE);
  EXPECT_EQ(room.node(), "node-a") << "the one with the most free places";
  live_.MustJoin(room, "t-1", v1::TEACHER);
  live_.MustJoin(room, "u-1");
  EXPECT_EQ(Get(room).occupancy().rtc(), 2);
  EXPECT_EQ(Get(room).occupancy().staff(), 1);
  room = live_.MustEnd(room);
  EXPECT_EQ(room.state(), v1::Room::ENDED);
  EXPECT_EQ(room.state_reason(), "ENDED_BY_PRODUCT");
  v1::JoinRoomResponse response;
  EXPECT_EQ(ReasonOf(live_.Join(room, "u-2", v1::STUDENT, &response)), "ROOM_NOT_LIVE");
  EXPECT_EQ(Get(room).occupancy().rtc(), 2) << "they may stay a while";
  live_.clock().Advance(absl::Minutes(11));
  EXPECT_TRUE(Eventually([&] { return Get(room).state() == v1::Room::CLOSED; }));
  // The leases or the closing end the stays.
  std::vector<std::string> events = live_.AwaitEvents(8);
  std::ranges::sort(events);
  EXPECT_EQ(events, (std::vector<std::string>{"PARTICIPANT_JOINED t-1", "PARTICIPANT_JOINED u-1",
                                              "PARTICIPANT_LEFT t-1", "PARTICIPANT_LEFT u-1", "ROOM_CLOSED",
                                              "ROOM_CREATED", "ROOM_ENDED", "ROOM_STARTED"}));
}

TEST_F(ServiceTest, RoomsFollowTheirTimetable) {
  v1::CreateRoomRequest request;
  request.mutable_start_time()->set_seconds(absl::ToUnixSeconds(live_.clock().Now() + absl::Minutes(5)));
  request.set_auto_start(true);
  request.set_auto_end(true);
  request.mutable_close_delay();
  const v1::Room room = live_.MustCreate(request);
  const v1::Room forgotten = live_.MustCreate();
  live_.clock().Advance(absl::Minutes(5) + absl::Seconds(1));
  EXPECT_TRUE(Eventually([&] { return Get(room).state() == v1::Room::LIVE; }));
  live_.clock().Advance(absl::Hours(1));
  EXPECT_TRUE(Eventually([&] { return Get(room).state() == v1::Room::CLOSED; }));
  EXPECT_EQ(Get(room).state_reason(), "TIME_OVER");
  EXPECT_EQ(Get(forgotten).state(), v1::Room::SCHEDULED);
  live_.clock().Advance(absl::Hours(4));
  EXPECT_TRUE(Eventually([&] { return Get(forgotten).state() == v1::Room::CANCELED; }));
  EXPECT_EQ(Get(forgotten).state_reason(), "NOT_STARTED");
}

TEST_F(ServiceTest, StartingTwiceAndEndingBeforeAreHarmless) {
  const v1::Room room = live_.MustCreate();
  v1::StartRoomRequest request;
  request.set_request_id(LiveUnderTest::NewRequestId());
  request.set_room_id(room.room_id());
  v1::Room first, again;
  ASSERT_TRUE(live_.Call(&Stub::StartRoom, request, &first).ok());
  ASSERT_TRUE(live_.Call(&Stub::StartRoom, request, &again).ok());
  EXPECT_EQ(first.version(), again.version());
  EXPECT_EQ(live_.MustStart(room).version(), first.version()) << "another request finds it LIVE";
  const v1::Room canceled = live_.MustEnd(live_.MustCreate());
  EXPECT_EQ(canceled.state(), v1::Room::CANCELED);
  request.set_request_id(LiveUnderTest::NewRequestId());
  request.set_room_id(canceled.room_id());
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::StartRoom, request, &again)), "ROOM_OVER");
}

TEST_F(ServiceTest, StaffArePlacedBeforeTheRoomIsLive) {
  live_.nodes().Set({{3, 10, 10}, {{"node-a", {3, 10, 10}}}});
  v1::CreateRoomRequest create = Large(4, 0, 0);
  create.set_staff_slots(2);
  live_.MustOpen(create);
  const v1::Room second = live_.MustCreate(create);
  v1::StartRoomRequest request;
  request.set_request_id(LiveUnderTest::NewRequestId());
  request.set_room_id(second.room_id());
  v1::Room response;
  const absl::Status full = live_.Call(&Stub::StartRoom, request, &response);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(full), "LEVEL_FULL");
  EXPECT_EQ(Get(second).state(), v1::Room::SCHEDULED);
  live_.nodes().Set({{30, 10, 10}, {{"node-a", {30, 10, 10}}}});
  ASSERT_TRUE(live_.Call(&Stub::StartRoom, request, &response).ok()) << "a refusal does not use the key up";
}

TEST_F(ServiceTest, PlacesViewersByRungAndSaysWhy) {
  v1::CreateRoomRequest create = Large(3, 1, 1);
  create.set_staff_slots(1);
  const v1::Room room = live_.MustOpen(create);
  std::string rungs;
  for (int i = 0; i < 6; ++i) {
    const v1::Participant p = live_.MustJoin(room, absl::StrCat("u-", i)).participant();
    absl::StrAppend(&rungs, v1::Rung_Name(p.rung()), "/", v1::RungReason_Name(p.reason()), " ");
  }
  EXPECT_EQ(rungs, "RTC/BEST RTC/BEST FAST/FULL STANDARD/FULL WAITING/FULL WAITING/BEHIND_QUEUE ");
  const v1::JoinRoomResponse waiting = live_.MustJoin(room, "u-4");
  EXPECT_EQ(waiting.participant().state(), v1::Participant::QUEUED);
  EXPECT_EQ(waiting.participant().queue_position(), 1);
  ASSERT_GE(waiting.participant().full_levels_size(), 1);
  EXPECT_EQ(waiting.participant().full_levels(0).level(), v1::ROOM);
  EXPECT_FALSE(waiting.has_media());
  EXPECT_EQ(waiting.heartbeat_interval().seconds(), 3);
  const v1::JoinRoomResponse teacher = live_.MustJoin(room, "t-1", v1::TEACHER);
  EXPECT_EQ(teacher.participant().rung(), v1::RTC) << "never refused";
  EXPECT_EQ(teacher.participant().reason(), v1::STAFF);
}

TEST_F(ServiceTest, TheQueueMovesInOrderAndTheHeartbeatTells) {
  v1::CreateRoomRequest create = Large(1, 1, 0);
  create.set_staff_slots(1);
  const v1::Room room = live_.MustOpen(create);
  const v1::JoinRoomResponse a = live_.MustJoin(room, "a"), b = live_.MustJoin(room, "b"),
                             c = live_.MustJoin(room, "c");
  EXPECT_EQ(a.participant().rung(), v1::FAST);
  EXPECT_EQ(c.participant().queue_position(), 2);
  v1::HeartbeatResponse beat;
  ASSERT_TRUE(live_.Beat(c, &beat, c.resume_token()).ok());
  EXPECT_EQ(beat.participant().queue_position(), 2);
  ASSERT_TRUE(Leave(room, a.participant()).ok());
  ASSERT_TRUE(Leave(room, a.participant()).ok()) << "again";
  ASSERT_TRUE(live_.Beat(b, &beat, b.resume_token()).ok());
  EXPECT_EQ(beat.participant().rung(), v1::FAST);
  EXPECT_EQ(beat.participant().reason(), v1::FROM_QUEUE);
  EXPECT_TRUE(beat.has_media()) << "it has a place now";
  const std::string token = beat.resume_token();
  v1::HeartbeatResponse quiet;
  ASSERT_TRUE(live_.Beat(b, &quiet, token).ok());
  EXPECT_FALSE(quiet.has_media()) << "nothing is new";
  EXPECT_EQ(quiet.room_state(), v1::Room::LIVE);
  ASSERT_TRUE(live_.Beat(c, &beat).ok());
  EXPECT_EQ(beat.participant().queue_position(), 1);
}

TEST_F(ServiceTest, SeatsAreNumberedAndComeBack) {
  const v1::Room room = live_.MustOpen(Small(2));
  const v1::JoinRoomResponse a = live_.MustJoin(room, "a"), b = live_.MustJoin(room, "b"),
                             c = live_.MustJoin(room, "c");
  EXPECT_EQ(a.participant().seat(), 1);
  EXPECT_EQ(b.participant().seat(), 2);
  EXPECT_EQ(c.participant().reason(), v1::SEATS_TAKEN);
  const v1::JoinRoomResponse again = live_.MustJoin(room, "a");
  EXPECT_EQ(again.participant().join_id(), a.participant().join_id());
  EXPECT_EQ(again.participant().seat(), 1);
  EXPECT_GT(again.participant().epoch(), a.participant().epoch());
  v1::HeartbeatResponse beat;
  EXPECT_EQ(ReasonOf(live_.Beat(a, &beat)), "CONNECTION_SUPERSEDED");
  EXPECT_TRUE(live_.Beat(again, &beat).ok());
  // Ghosts go, and the next one is seated.
  live_.clock().Advance(absl::Seconds(20));
  ASSERT_TRUE(live_.Beat(again, &beat).ok());
  ASSERT_TRUE(live_.Beat(c, &beat).ok());
  live_.clock().Advance(absl::Seconds(15));
  EXPECT_TRUE(Eventually([&] { return live_.Beat(c, &beat).ok() && beat.participant().seat() == 2; }));
  EXPECT_EQ(ReasonOf(live_.Beat(b, &beat)), "PARTICIPANT_NOT_IN_ROOM");
}

TEST_F(ServiceTest, AUserJoinsByItsGrantOnly) {
  const v1::Room room = live_.MustOpen();
  v1::JoinRoomResponse response;
  EXPECT_EQ(ReasonOf(JoinAsUser(room, "u-1", "", &response)), "GRANT_MISSING");
  EXPECT_EQ(ReasonOf(JoinAsUser(room, "u-1", live_.Grant(room, "u-2", "student"), &response)), "GRANT_OTHER_USER");
  const v1::Room other = live_.MustOpen();
  EXPECT_EQ(ReasonOf(JoinAsUser(room, "u-1", live_.Grant(other, "u-1", "student"), &response)), "GRANT_OTHER_ROOM");
  ASSERT_TRUE(JoinAsUser(room, "u-1", live_.Grant(room, "u-1", "assistant"), &response).ok());
  EXPECT_EQ(response.participant().role(), v1::ASSISTANT);
  // The resume token is enough to come back, for nobody else.
  const std::string token = response.resume_token();
  ASSERT_TRUE(JoinAsUser(room, "u-1", "", &response, token).ok());
  EXPECT_EQ(ReasonOf(JoinAsUser(room, "u-2", "", &response, token)), "GRANT_MISSING");
  EXPECT_EQ(ReasonOf(JoinAsUser(other, "u-1", "", &response, token)), "GRANT_MISSING");
}

TEST_F(ServiceTest, OnlyWhoIsStillInComesBackToARoomThatHasEnded) {
  const v1::Room room = live_.MustOpen();
  const v1::JoinRoomResponse stays = live_.MustJoin(room, "u-1"), leaves = live_.MustJoin(room, "u-2");
  ASSERT_TRUE(Leave(room, leaves.participant()).ok());
  live_.MustEnd(room);
  v1::JoinRoomResponse response;
  ASSERT_TRUE(JoinAsUser(room, "u-1", "", &response, stays.resume_token()).ok());
  EXPECT_EQ(response.participant().join_id(), stays.participant().join_id());
  const std::string grant = live_.Grant(room, "u-2", "student");
  const absl::Status refused = JoinAsUser(room, "u-2", grant, &response, leaves.resume_token());
  EXPECT_EQ(ReasonOf(refused), "ROOM_NOT_LIVE") << "its token proves a stay that is over";
  EXPECT_EQ(MetadataOf(refused, "state"), "ENDED");
}

TEST_F(ServiceTest, AUserReachesNothingThatIsABackends) {
  const v1::Room room = live_.MustOpen();
  v1::Room out;
  v1::GetRoomRequest get;
  get.set_room_id(room.room_id());
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::GetRoom, get, &out, "u-1")), "USER_NOT_ALLOWED");
  v1::EndRoomRequest end;
  end.set_room_id(room.room_id());
  end.set_request_id(LiveUnderTest::NewRequestId());
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::EndRoom, end, &out, "u-1")), "USER_NOT_ALLOWED");
  v1::ListEventsResponse events;
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::ListEvents, v1::ListEventsRequest(), &events, "u-1")), "USER_NOT_ALLOWED");
  v1::ListParticipantsRequest list;
  list.set_room_id(room.room_id());
  v1::ListParticipantsResponse listed;
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::ListParticipants, list, &listed, "u-1")), "PARTICIPANT_NOT_IN_ROOM");
  live_.MustJoin(room, "u-1");
  EXPECT_TRUE(live_.Call(&Stub::ListParticipants, list, &listed, "u-1").ok());
  // Another product sees nothing of it.
  grpc::ClientContext context;
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(live_.globex().GetRoom(&context, get, &out))), "ROOM_NOT_FOUND");
}

TEST_F(ServiceTest, StaffMoveMuteAndRemoveStudents) {
  v1::CreateRoomRequest create = Large(10, 10, 10);
  create.set_stage_size(1);
  const v1::Room room = live_.MustOpen(create);
  live_.MustJoin(room, "t-1", v1::TEACHER);
  live_.MustJoin(room, "t-2", v1::ASSISTANT);
  live_.MustJoin(room, "u-1");
  live_.MustJoin(room, "u-2");
  v1::MoveParticipantRequest move;
  move.set_room_id(room.room_id());
  move.set_user_id("u-1");
  move.set_on_stage(true);
  v1::Participant out;
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::MoveParticipant, move, &out, "u-2")), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::MoveParticipant, move, &out, "nobody")), "ROLE_NOT_ALLOWED");
  ASSERT_TRUE(live_.Call(&Stub::MoveParticipant, move, &out, "t-1").ok());
  EXPECT_TRUE(out.on_stage());
  move.set_user_id("u-2");
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::MoveParticipant, move, &out)), "SEATS_FULL");
  v1::MuteParticipantRequest mute;
  mute.set_room_id(room.room_id());
  mute.set_user_id("u-1");
  mute.set_audio_muted(true);
  ASSERT_TRUE(live_.Call(&Stub::MuteParticipant, mute, &out, "t-2").ok());
  EXPECT_TRUE(out.audio_muted());
  EXPECT_FALSE(out.video_muted());
  mute.set_user_id("t-1");
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::MuteParticipant, mute, &out, "t-2")), "ROLE_NOT_ALLOWED");
  v1::RemoveParticipantRequest remove;
  remove.set_room_id(room.room_id());
  remove.set_user_id("u-1");
  v1::RemoveParticipantResponse removed;
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::RemoveParticipant, remove, &removed, "u-2")), "ROLE_NOT_ALLOWED");
  ASSERT_TRUE(live_.Call(&Stub::RemoveParticipant, remove, &removed, "t-1").ok());
  v1::JoinRoomResponse response;
  EXPECT_EQ(ReasonOf(live_.Join(room, "u-1", v1::STUDENT, &response)), "PARTICIPANT_BANNED");
}

TEST_F(ServiceTest, ListsParticipantsInPages) {
  const v1::Room room = live_.MustOpen();
  for (int i = 0; i < 7; ++i) live_.MustJoin(room, absl::StrCat("u-", i));
  v1::ListParticipantsRequest request;
  request.set_room_id(room.room_id());
  request.set_page_size(3);
  std::string users;
  int pages = 0;
  do {
    v1::ListParticipantsResponse response;
    ASSERT_TRUE(live_.Call(&Stub::ListParticipants, request, &response).ok());
    for (const v1::Participant& p : response.participants()) absl::StrAppend(&users, p.user_id(), " ");
    EXPECT_EQ(response.occupancy().rtc(), 7);
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(users, "u-0 u-1 u-2 u-3 u-4 u-5 u-6 ");
  EXPECT_EQ(pages, 3);
  request.set_page_token("nonsense");
  v1::ListParticipantsResponse response;
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::ListParticipants, request, &response)), "PAGE_TOKEN_INVALID");
}

TEST_F(ServiceTest, NobodyIsInARoomThatWasClosedSinceItWasRead) {
  v1::CreateRoomRequest create;
  create.mutable_close_delay();
  const v1::Room room = live_.MustOpen(create);
  live_.MustJoin(room, "u-1");
  // The service knows it as ENDED for as long as the clock stands.
  EXPECT_EQ(live_.MustEnd(room).state(), v1::Room::ENDED);
  live_.AwaitEvents(6);
  v1::ListParticipantsRequest request;
  request.set_room_id(room.room_id());
  v1::ListParticipantsResponse response;
  const absl::Status status = live_.Call(&Stub::ListParticipants, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.participants_size(), 0);
}

TEST_F(ServiceTest, ParticipantsAreListedWithLeaseAndPlaceInTheQueue) {
  const v1::Room room = live_.MustOpen(Small(1));
  for (const char* user : {"u-1", "u-2", "u-3"}) live_.MustJoin(room, user);
  v1::ListParticipantsRequest request;
  request.set_room_id(room.room_id());
  v1::ListParticipantsResponse response;
  ASSERT_TRUE(live_.Call(&Stub::ListParticipants, request, &response).ok());
  ASSERT_EQ(response.participants_size(), 3);
  EXPECT_EQ(response.participants(0).queue_position(), 0);
  EXPECT_EQ(response.participants(2).queue_position(), 2);
  EXPECT_EQ(response.participants(1).reason(), v1::SEATS_TAKEN);
  EXPECT_EQ(response.participants(2).reason(), v1::BEHIND_QUEUE);
  EXPECT_EQ(response.participants(1).lease_expire_time().seconds(),
            absl::ToUnixSeconds(live_.clock().Now() + absl::Seconds(30)));
}

TEST_F(ServiceTest, ListsRoomsWithWhoIsIn) {
  const v1::Room open = live_.MustOpen(Large(10, 10, 10)), waits = live_.MustCreate(Large(10, 10, 10));
  live_.MustJoin(open, "u-1");
  v1::ListRoomsRequest request;
  v1::ListRoomsResponse response;
  ASSERT_TRUE(live_.Call(&Stub::ListRooms, request, &response).ok());
  EXPECT_FALSE(response.rooms(1).has_occupancy());
  request.set_with_occupancy(true);
  ASSERT_TRUE(live_.Call(&Stub::ListRooms, request, &response).ok());
  ASSERT_EQ(response.rooms_size(), 2);
  EXPECT_EQ(response.rooms(0).room_id(), waits.room_id());
  EXPECT_FALSE(response.rooms(0).has_occupancy());
  EXPECT_EQ(response.rooms(1).occupancy().rtc(), 1);
}

TEST_F(ServiceTest, ListsStaysAndEventsOfARoomAndStaysOfAUser) {
  const v1::Room small = live_.MustOpen(Small(2)), large = live_.MustOpen(Large(10, 10, 10));
  live_.MustJoin(small, "u-1");
  live_.MustJoin(small, "u-2");
  const v1::JoinRoomResponse left = live_.MustJoin(large, "u-1");
  ASSERT_TRUE(Leave(large, left.participant()).ok());
  v1::ListStaysRequest stays;
  stays.set_user_id("u-1");
  v1::ListStaysResponse of_user;
  ASSERT_TRUE(Eventually([&] {
    return live_.Call(&Stub::ListStays, stays, &of_user).ok() && of_user.stays_size() == 2 &&
           of_user.stays(0).state() == v1::Participant::LEFT;
  }));
  EXPECT_EQ(of_user.stays(0).room_id(), large.room_id());
  EXPECT_EQ(of_user.stays(0).leave_reason(), "LEFT");
  EXPECT_EQ(of_user.stays(1).state(), v1::Participant::JOINED);
  EXPECT_EQ(of_user.stays(1).seat(), 1);
  EXPECT_EQ(of_user.rooms_size(), 2);
  EXPECT_EQ(of_user.rooms(1).title(), small.title());
  // In pages.
  stays.clear_user_id();
  stays.set_room_id(small.room_id());
  stays.set_page_size(1);
  v1::ListStaysResponse page;
  std::string users;
  do {
    ASSERT_TRUE(live_.Call(&Stub::ListStays, stays, &page).ok());
    ASSERT_EQ(page.stays_size(), 1);
    users += page.stays(0).user_id() + " ";
    stays.set_page_token(page.next_page_token());
  } while (!stays.page_token().empty());
  EXPECT_EQ(users, "u-2 u-1 ");
  v1::ListRoomEventsRequest request;
  request.set_room_id(small.room_id());
  request.set_page_size(3);
  v1::ListRoomEventsResponse events;
  std::string types;
  do {
    ASSERT_TRUE(live_.Call(&Stub::ListRoomEvents, request, &events).ok());
    for (const v1::Event& event : events.events()) types += v1::Event::Type_Name(event.type()) + " ";
    EXPECT_FALSE(events.events(0).cursor().empty());
    request.set_page_token(events.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(types, "PARTICIPANT_JOINED PARTICIPANT_JOINED ROOM_STARTED ROOM_CREATED ");
  // Tokens are of one list; other products and users see nothing.
  stays.set_page_token("nonsense");
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::ListStays, stays, &page)), "PAGE_TOKEN_INVALID");
  request.set_page_token("nonsense");
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::ListRoomEvents, request, &events)), "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  stays.clear_page_token();
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::ListRoomEvents, request, &events, "u-1")), "USER_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::ListStays, stays, &page, "u-1")), "USER_NOT_ALLOWED");
  grpc::ClientContext first, second, third;
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(live_.globex().ListRoomEvents(&first, request, &events))), "ROOM_NOT_FOUND");
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(live_.globex().ListStays(&second, stays, &page))), "ROOM_NOT_FOUND");
  stays.clear_room_id();
  stays.set_user_id("u-1");
  page.Clear();
  EXPECT_TRUE(rpc::FromGrpcStatus(live_.globex().ListStays(&third, stays, &page)).ok());
  EXPECT_EQ(page.stays_size(), 0);
}

TEST_F(ServiceTest, AfterTheLossOfRedisWhoWasInComesBackToItsSeat) {
  const v1::Room room = live_.MustOpen(Small(2));
  const v1::JoinRoomResponse a = live_.MustJoin(room, "a"), b = live_.MustJoin(room, "b");
  live_.MustJoin(room, "gone");
  live_.AwaitEvents(5);
  live_.clock().Advance(absl::Seconds(1));
  live_.admission().Lose();
  v1::JoinRoomResponse response;
  EXPECT_TRUE(
      Eventually([&] { return ReasonOf(live_.Join(room, "newcomer", v1::STUDENT, &response)) == "REBUILDING"; }));
  v1::HeartbeatResponse beat;
  ASSERT_TRUE(live_.Beat(b, &beat, b.resume_token()).ok());
  EXPECT_EQ(beat.participant().seat(), 2);
  EXPECT_EQ(beat.participant().join_id(), b.participant().join_id());
  EXPECT_EQ(ReasonOf(live_.Beat(a, &beat)), "REBUILDING") << "without its token it proves nothing";
  v1::JoinRoomRequest again;
  again.set_room_id(room.room_id());
  again.set_user_id("a");
  again.set_role(v1::STUDENT);
  again.set_resume_token(a.resume_token());
  ASSERT_TRUE(live_.Call(&Stub::JoinRoom, again, &response).ok());
  EXPECT_EQ(response.participant().seat(), 1);
  EXPECT_EQ(response.participant().join_id(), a.participant().join_id());
  // One lease later the rest may come, and who did not come back has left.
  live_.clock().Advance(absl::Seconds(29));
  ASSERT_TRUE(live_.Beat(response, &beat).ok());
  live_.clock().Advance(absl::Seconds(2));
  EXPECT_TRUE(Eventually([&] { return live_.Join(room, "newcomer", v1::STUDENT, &response).ok(); }));
  EXPECT_TRUE(Eventually([&] {
    const std::vector<std::string> events = live_.AwaitEvents(1);
    return std::ranges::find(events, "PARTICIPANT_LEFT gone") != events.end();
  }));
}

TEST_F(ServiceTest, TheRoomHearsOfItThroughPush) {
  live_.sender().SetAway(true);
  const v1::Room room = live_.MustOpen(Small(2));
  live_.MustJoin(room, "a");
  live_.AwaitEvents(3);
  EXPECT_TRUE(live_.sender().sent().empty());
  live_.sender().SetAway(false);
  live_.clock().Advance(Announcer::kRest);
  ASSERT_TRUE(Eventually([&] { return live_.sender().sent().size() >= 2; }));
  const std::vector<Announcement> sent = live_.sender().sent();
  EXPECT_EQ(sent[0].room_id, room.room_id());
  EXPECT_TRUE(absl::StrContains(sent[0].json, "\"type\":\"ROOM_STARTED\"")) << sent[0].json;
  EXPECT_TRUE(absl::StrContains(sent[1].json, "\"type\":\"PARTICIPANT_JOINED\"")) << sent[1].json;
  EXPECT_TRUE(absl::StrContains(sent[1].json, "\"userId\":\"a\"")) << sent[1].json;
}

TEST_F(ServiceTest, CountsTheDay) {
  v1::CreateRoomRequest create = Large(2, 1, 0);
  create.set_staff_slots(1);
  const v1::Room room = live_.MustOpen(create);
  const v1::JoinRoomResponse a = live_.MustJoin(room, "a");
  live_.MustJoin(room, "b");
  live_.MustJoin(room, "c");
  live_.MustJoin(room, "a");
  v1::JoinRoomResponse refused;
  EXPECT_FALSE(JoinAsUser(room, "x", "", &refused).ok());
  v1::LeaveRoomRequest leave;
  leave.set_room_id(room.room_id());
  leave.set_user_id("a");
  leave.set_join_id(a.participant().join_id());
  leave.mutable_qoe()->set_sequence(1);
  leave.mutable_qoe()->set_watch_ms(5000);
  leave.mutable_qoe()->set_freeze_ms(70);
  v1::LeaveRoomResponse left;
  ASSERT_TRUE(live_.Call(&Stub::LeaveRoom, leave, &left).ok());
  v1::DailySummary day;
  ASSERT_TRUE(Eventually([&] {
    EXPECT_TRUE(live_.Call(&Stub::GetDailySummary, v1::GetDailySummaryRequest(), &day).ok());
    return day.qoe_size() > 0 && day.leaves().count("LEFT") > 0;
  }));
  EXPECT_EQ(day.rooms().at("CREATED"), 1);
  EXPECT_EQ(day.rooms().at("LIVE"), 1);
  EXPECT_EQ(day.queued(), 1);
  EXPECT_EQ(day.reconnections(), 1);
  EXPECT_EQ(day.refusals().at("GRANT_MISSING"), 1);
  std::string joins;
  for (const v1::JoinCount& count : day.joins())
    absl::StrAppend(&joins, v1::Rung_Name(count.rung()), "/", v1::RungReason_Name(count.reason()), "=", count.count(),
                    " ");
  EXPECT_EQ(joins, "RTC/BEST=1 RTC/FROM_QUEUE=1 FAST/FULL=1 ");
  EXPECT_EQ(day.qoe(0).rung(), v1::RTC);
  EXPECT_EQ(day.qoe(0).sum().watch_ms(), 5000);
  EXPECT_EQ(day.qoe(0).sum().freeze_ms(), 70);
  EXPECT_EQ(day.qoe(0).reports(), 1);
}

TEST_F(ServiceTest, AReportIsOfTheStayThatBeatsOnly) {
  const v1::Room room = live_.MustOpen();
  const v1::JoinRoomResponse mine = live_.MustJoin(room, "a"), other = live_.MustJoin(room, "b");
  const auto report = [&](const v1::JoinRoomResponse& by, const std::string& join_id, int64_t sequence) {
    v1::HeartbeatRequest request;
    request.set_room_id(room.room_id());
    request.set_join_id(join_id);
    request.set_epoch(by.participant().epoch());
    request.mutable_qoe()->set_sequence(sequence);
    request.mutable_qoe()->set_watch_ms(7);
    v1::HeartbeatResponse beat;
    const absl::Status status = live_.Call(&Stub::Heartbeat, request, &beat, by.participant().user_id());
    EXPECT_TRUE(status.ok()) << status;
  };
  // Would make all that the other one says from now on a repeat, and is not the sender's to say.
  report(mine, other.participant().join_id(), INT64_MAX);
  report(mine, LiveUnderTest::NewId("join"), 1);
  report(mine, mine.participant().join_id(), 1);
  report(other, other.participant().join_id(), 1);
  v1::DailySummary day;
  ASSERT_TRUE(Eventually([&] {
    EXPECT_TRUE(live_.Call(&Stub::GetDailySummary, v1::GetDailySummaryRequest(), &day).ok());
    return day.qoe_size() > 0 && day.qoe(0).reports() >= 2;
  }));
  EXPECT_EQ(day.qoe(0).reports(), 2);
  EXPECT_EQ(day.qoe(0).sum().watch_ms(), 14);
}

TEST_F(ServiceTest, SaysWhatARequestLacks) {
  v1::Room out;
  v1::CreateRoomRequest bad;
  EXPECT_EQ(ReasonOf(live_.Call(&Stub::CreateRoom, bad, &out)), "FIELD_INVALID");
  v1::CreateRoomRequest large = Large(51, 0, 0);
  large.set_request_id(LiveUnderTest::NewRequestId());
  large.set_room_ref("x");
  large.set_title("x");
  large.set_institution_id("s");
  large.mutable_start_time()->set_seconds(absl::ToUnixSeconds(live_.clock().Now()));
  large.mutable_duration()->set_seconds(3600);
  const absl::Status over = live_.Call(&Stub::CreateRoom, large, &out);
  EXPECT_TRUE(absl::StrContains(std::string(over.message()), "capacity.rtc: 51, want 2 (staff_slots) to 50")) << over;
  const v1::Room scheduled = live_.MustCreate();
  v1::JoinRoomResponse response;
  const absl::Status early = live_.Join(scheduled, "u-1", v1::STUDENT, &response);
  EXPECT_EQ(ReasonOf(early), "ROOM_NOT_LIVE");
  EXPECT_EQ(MetadataOf(early, "state"), "SCHEDULED");
}

}  // namespace
}  // namespace trivium::live
