#include "examples/school-day/class_invariants.h"

#include <gtest/gtest.h>

#include <functional>

#include "examples/school-day/class_day_under_test.h"
#include "examples/school-day/class_fold.h"

namespace trivium::schoolday {
namespace {

using Change = std::function<void(ClassDayRecord&)>;

LiveEventView& EventAt(ClassDayRecord& day, int64_t sequence) {
  for (LiveEventView& e : day.events) {
    if (!e.of_room && e.stay.sequence == sequence) return e;
  }
  ADD_FAILURE() << "no event " << sequence;
  return day.events.front();
}

// What `check` says of the good day after a change.
std::string Broken(std::vector<std::string> (*check)(const ClassDayRecord&), const Change& change) {
  ClassDayRecord day = GoodClassDay();
  AddClientAndMessages(day);
  change(day);
  std::string all;
  for (const std::string& sentence : check(day)) all += sentence + "\n";
  return all;
}

std::string BrokenPlaces(const Change& change, ClassLimits limits = GoodLimits()) {
  ClassDayRecord day = GoodClassDay();
  change(day);
  std::string all;
  for (const std::string& sentence : CheckPlaces({day}, limits)) all += sentence + "\n";
  return all;
}

void ExpectHas(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "got: " << text << "want: " << part;
}

TEST(CheckAllClasses, AGoodDayHolds) {
  ClassDayRecord day = GoodClassDay();
  AddClientAndMessages(day);
  EXPECT_EQ(CheckAllClasses({day}, GoodLimits()), std::vector<std::string>());
  EXPECT_FALSE(WasRebuilt(day));
}

TEST(CheckPlaces, EachLevelIsHeldToItsCapacity) {
  const Change none = [](ClassDayRecord&) {};
  ClassLimits limits = GoodLimits();
  limits.institution["acme"] = {2, 5, 5};
  ExpectHas(BrokenPlaces(none, limits), "INSTITUTION acme I1 holds 3 on RTC");
  limits = GoodLimits();
  limits.product["acme"] = {10, 0, 10};
  ExpectHas(BrokenPlaces(none, limits), "PRODUCT acme holds 1 on FAST");
  limits = GoodLimits();
  limits.node["node-a"] = {10, 10, 0};
  ExpectHas(BrokenPlaces(none, limits), "NODE node-a holds 1 on STANDARD");
  limits = GoodLimits();
  limits.platform = {2, 10, 10};
  ExpectHas(BrokenPlaces(none, limits), "PLATFORM  holds 3 on RTC");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 3).stay.rung = "RTC"; }),
            "ROOM room_1 holds 4 on RTC after s2");
}

TEST(CheckPlaces, CountsOverProducts) {
  ClassDayRecord other = GoodClassDay();
  for (LiveEventView& e : other.events) {
    e.product = "globex";
    e.room.room_id += "x";
    e.stay.room_id += "x";
    e.stay.join_id += "x";
  }
  ClassLimits limits = GoodLimits();
  limits.platform = {6, 10, 10};
  EXPECT_TRUE(CheckPlaces({GoodClassDay(), other}, limits).empty());
  limits.platform = {5, 10, 10};
  EXPECT_FALSE(CheckPlaces({GoodClassDay(), other}, limits).empty());
}

TEST(CheckPlaces, NoSeatTwice) {
  const std::string text = BrokenPlaces([](ClassDayRecord& day) {
    LiveEventView second = StayEvent(8, "MOVED", "t", "TEACHER", "RTC", "MOVED");
    second.stay.seat = 1;
    second.stay.sequence = 9;
    EventAt(day, 9).stay.sequence = 8;
    day.events.push_back(second);
  });
  ExpectHas(text, "has seat 1, which is still join_s1's");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 8).stay.seat = 3; }), "has seat 3, want <= 2");
}

TEST(CheckPlaces, NobodyOvertakesTheQueue) {
  const std::string text = BrokenPlaces([](ClassDayRecord& day) {
    EventAt(day, 10).stay.join_id = "join_s5";
    EventAt(day, 11).stay.join_id = "join_s4";
  });
  ExpectHas(text, "got in before join_s4");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 10).stay.join_id = "join_new"; }),
            "got in before join_s4");
}

TEST(CheckPlaces, ReasonsAreTrue) {
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) {
              EventAt(day, 3).stay.full = {{"RTC", "PRODUCT"}};
            }),
            "says that PRODUCT was full on RTC");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 3).stay.full.clear(); }), "names no level");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 5).stay.reason = "BEHIND_QUEUE"; }),
            "others have waited before");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 2).stay.reason = "FROM_QUEUE"; }),
            "has not waited before");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) {
              for (LiveEventView& e : day.events) e.room.seats = 3;
              EventAt(day, 6).stay.reason = "SEATS_TAKEN";
            }),
            "all seats are taken");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 4).stay.reason = "BEST"; }),
            "has the best rung, want RTC");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 4).stay.full.pop_back(); }),
            "does not say what was full on FAST");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 2).stay.reason = "RUNG_REASON_UNSPECIFIED"; }),
            "is none to come there");
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 6).stay.reason = "BEST"; }), "is none to come there");
}

TEST(CheckPlaces, WhoComesBackHasTheSamePlace) {
  ExpectHas(BrokenPlaces([](ClassDayRecord& day) { EventAt(day, 7).stay.rung = "STANDARD"; }),
            "came back to STANDARD seat 0, want FAST seat 0");
}

// What Redis lost comes back where its token says; who does not come back holds no place any more.
TEST(CheckPlaces, AfterTheLossOfRedis) {
  const auto lose = [](ClassDayRecord& day) {
    EventAt(day, 9).stay.leave_reason = "REDIS_LOST";
    LiveEventView& back = EventAt(day, 7);
    back.stay.reason = "RESUMED";
  };
  EXPECT_EQ(BrokenPlaces(lose), "");
}

TEST(CheckClassEvents, WhatRedisLostEndsUnderANumberOfItsOwn) {
  ExpectHas(Broken(CheckClassEvents,
                   [](ClassDayRecord& day) {
                     EventAt(day, 9).stay.leave_reason = "REDIS_LOST";
                     EventAt(day, 9).stay.sequence = 4;
                   }),
            "PARTICIPANT_LEFT with sequence 4 after 4");
}

TEST(CheckStaff, IsNeverRefused) {
  ExpectHas(Broken(CheckStaff, [](ClassDayRecord& day) { day.visits[0].refusals["STAFF_SLICE_FULL"] = 1; }),
            "was refused: STAFF_SLICE_FULL");
  EXPECT_EQ(Broken(CheckStaff, [](ClassDayRecord& day) { day.visits[0].refusals["ROOM_NOT_LIVE"] = 1; }), "");
  ExpectHas(Broken(CheckStaff,
                   [](ClassDayRecord& day) {
                     day.visits[0].refusals["ROOM_NOT_LIVE"] = 1;
                     day.visits[0].end = VisitEnd::kCanceled;
                   }),
            "was refused: ROOM_NOT_LIVE");
  ExpectHas(Broken(CheckStaff, [](ClassDayRecord& day) { day.visits[0].joins[0].stay.rung = "FAST"; }), "is on FAST");
}

TEST(CheckAccess, NobodyComesInWithoutTheBackend) {
  ExpectHas(Broken(CheckAccess, [](ClassDayRecord& day) { day.visits[1].granted = false; }),
            "whom the backend has not let in");
  ExpectHas(Broken(CheckAccess, [](ClassDayRecord& day) { day.visits[6].tries[0].reason = "OK"; }),
            "tried what must be GRANT_MISSING, and was answered OK");
  ExpectHas(Broken(CheckAccess, [](ClassDayRecord& day) { EventAt(day, 13).stay.user_id = "s2"; }),
            "after its removal");
  ExpectHas(Broken(CheckAccess, [](ClassDayRecord& day) { day.visits[2].end = VisitEnd::kRoomOver; }),
            "was removed with a ban, and ended as room over");
}

TEST(CheckCame, WhoWasLetInGotIn) {
  ExpectHas(Broken(CheckCame, [](ClassDayRecord& day) { day.visits[1].joins.clear(); }), "but not by live");
  ExpectHas(Broken(CheckCame, [](ClassDayRecord& day) { day.visits[7].end = VisitEnd::kNone; }), "was not told of it");
  ExpectHas(Broken(CheckCame, [](ClassDayRecord& day) { day.rooms[0].plan.moved = true; }), "nobody told it to wait");
  ExpectHas(Broken(CheckCame, [](ClassDayRecord& day) { day.visits[1].joins[0].stay.role = "TEACHER"; }),
            "is TEACHER in the room");
}

// s6 has not come.
Change PaysAt(int64_t paid_ms, int64_t back_ms = 0) {
  return [=](ClassDayRecord& day) { day.orders["s6 in 0"] = {true, true, {paid_ms, back_ms}}; };
}

TEST(CheckPaid, WhoHasPaidGotInOrWaited) {
  EXPECT_EQ(Broken(CheckPaid, [](ClassDayRecord&) {}), "");
  ExpectHas(Broken(CheckPaid, PaysAt(1'500)),
            "s6 in C1 had paid before class, and neither got in nor waited: never paid");
  ExpectHas(Broken(CheckPaid, PaysAt(2'500)), "s6 in C1 paid in class, and neither got in nor waited: never paid");
  // Also one whom the backend let in, and whom nothing tells of.
  ExpectHas(Broken(CheckPaid,
                   [](ClassDayRecord& day) {
                     PaysAt(1'500)(day);
                     day.visits[6].granted = true;
                     day.visits[6].end = VisitEnd::kGaveUp;
                   }),
            "neither got in nor waited: gave up");
  // s5 has waited, and never got a place.
  EXPECT_EQ(Broken(CheckPaid, [](ClassDayRecord& day) { day.orders["s5 in 0"].times.paid_ms = 2'500; }), "");
  ExpectHas(Broken(CheckPaid,
                   [](ClassDayRecord& day) {
                     std::erase_if(day.events, [](const LiveEventView& e) { return e.stay.user_id == "s5"; });
                   }),
            "s5 in C1 had paid before class, and neither got in nor waited");
  // A class that does not end is late for nobody.
  ExpectHas(Broken(CheckPaid,
                   [](ClassDayRecord& day) {
                     PaysAt(90'000)(day);
                     std::erase_if(day.events, [](const LiveEventView& e) { return e.type == "ROOM_ENDED"; });
                   }),
            "s6 in C1 paid in class");
}

TEST(CheckPaid, OnlyInTheLastMomentsOfAClassIsItTooLate) {
  constexpr int64_t kEndMs = 11'013;
  ExpectHas(Broken(CheckPaid, PaysAt(kEndMs - kLastCallMs)), "s6 in C1 paid in class");
  for (const int64_t paid_ms : {kEndMs - kLastCallMs + 1, kEndMs, kEndMs + 60'000}) {
    EXPECT_EQ(Broken(CheckPaid, PaysAt(paid_ms)), "") << paid_ms;
    ClassDayRecord day = GoodClassDay();
    PaysAt(paid_ms)(day);
    const PaidVisit s6 = PaidVisits(day)[6];
    EXPECT_EQ(s6.when, PaidWhen::kAtItsEnd);
    EXPECT_EQ(s6.after_end_ms, paid_ms - kEndMs);
  }
}

TEST(CheckPaid, WhoHadItsMoneyBackNeedNotGetIn) {
  EXPECT_EQ(Broken(CheckPaid, PaysAt(1'500, 1'900)), "");
  EXPECT_EQ(Broken(CheckPaid, PaysAt(5'000, 5'000)), "") << "late money that is not kept";
  EXPECT_EQ(Broken(CheckPaid, PaysAt(20'000, 20'000)), "");
  // It was given back after class.
  ExpectHas(Broken(CheckPaid, PaysAt(1'500, 20'000)), "had paid before class");
  ExpectHas(Broken(CheckPaid,
                   [](ClassDayRecord& day) {
                     PaysAt(1'500)(day);
                     day.visits[6].plan.refunded = true;
                   }),
            "had paid before class");
}

TEST(CheckPaid, NobodyElseGetsIn) {
  const auto order = [](ClassDayRecord& day) -> PaidOrder& { return day.orders["s1 in 0"]; };
  ExpectHas(Broken(CheckPaid, [&](ClassDayRecord& day) { order(day).paid = false; }),
            "s1 in C1 was let in, and payment has no money");
  ExpectHas(Broken(CheckPaid, [](ClassDayRecord& day) { day.visits[1].plan.refunded = true; }),
            "had its money back before");
  ExpectHas(Broken(CheckPaid, [&](ClassDayRecord& day) { order(day).times = {}; }), "s1 in C1 got in, and never paid");
  ExpectHas(Broken(CheckPaid, [&](ClassDayRecord& day) { order(day).times = {}; }), "no event tells when");
  ExpectHas(Broken(CheckPaid, [&](ClassDayRecord& day) { order(day).times.paid_ms = 11'502; }),
            "s1 in C1 got in 500 ms before it paid");
  ExpectHas(Broken(CheckPaid, [&](ClassDayRecord& day) { order(day).times.back_ms = 10'002; }),
            "s1 in C1 got in 1000 ms after it had all its money back");
  ExpectHas(Broken(CheckPaid, [](ClassDayRecord& day) { day.orders.clear(); }), "payment knows nothing of s1 in 0");
  EXPECT_EQ(
      Broken(CheckPaid, [&](ClassDayRecord& day) { order(day) = {.settled = false, .paid = false, .times = {}}; }), "")
      << "it is still on its way";
}

TEST(PaidOrders, AreWhatPaymentAnswers) {
  DayRecord payments;
  const std::pair<std::string, Scenario> plans[] = {
      {"a", Scenario::kPay}, {"b", Scenario::kDecline}, {"c", Scenario::kPay}};
  for (const auto& [ref, scenario] : plans) {
    OrderRecord order;
    order.plan.order_ref = ref;
    order.plan.scenario = scenario;
    payments.orders.push_back(order);
  }
  payments.payments["p1"] = {.payment_id = "p1", .order_ref = "a", .state = "FAILED"};
  payments.payments["p2"] = {.payment_id = "p2", .order_ref = "b", .state = "SUCCEEDED"};
  payments.unsettled = {"c"};
  payments.money_times["b"] = {7, 9};
  const auto orders = PaidOrders(payments);
  ASSERT_EQ(orders.size(), 3u);
  EXPECT_TRUE(orders.at("a").settled && !orders.at("a").paid);
  EXPECT_TRUE(orders.at("b").paid);
  EXPECT_EQ(orders.at("a").times, MoneyTimes());
  EXPECT_EQ(orders.at("b").times, (MoneyTimes{7, 9}));
  EXPECT_FALSE(orders.at("c").settled);
}

TEST(CheckStays, ReconnectsKeepTheStayAndLeasesEndGhosts) {
  ExpectHas(Broken(CheckStays, [](ClassDayRecord& day) { day.visits[2].joins[1].stay.join_id = "join_other"; }),
            "came back to join_other");
  ExpectHas(Broken(CheckStays, [](ClassDayRecord& day) { day.visits[2].joins.pop_back(); }), "never came back");
  ExpectHas(Broken(CheckStays, [](ClassDayRecord& day) { EventAt(day, 11).stay.leave_reason = "LEFT"; }),
            "vanished, and its stay LEFT");
  ExpectHas(Broken(CheckStays, [](ClassDayRecord& day) { EventAt(day, 13).stay.leave_reason = "LEASE_EXPIRED"; }),
            "its lease ended all the same");
  ExpectHas(Broken(CheckStays, [](ClassDayRecord& day) { EventAt(day, 9).stay.leave_reason = "LEASE_EXPIRED"; }),
            "has left, and its stay LEASE_EXPIRED");
  ExpectHas(Broken(CheckStays, [](ClassDayRecord& day) { EventAt(day, 14).stay.leave_reason = "LEFT"; }),
            "s4 (STUDENT) in C1 was there to the end, and its stay LEFT");
}

TEST(CheckStays, OnlyWhatRedisLostMayBeginAnew) {
  EXPECT_EQ(Broken(CheckStays,
                   [](ClassDayRecord& day) {
                     EventAt(day, 12).stay.leave_reason = "REDIS_LOST";
                     day.visits[2].joins[1].stay.join_id = "join_other";
                     day.visits[2].end = VisitEnd::kNone;
                   }),
            "");
}

TEST(CheckClassEvents, AStayHasOneBeginningAndOneEnd) {
  ExpectHas(Broken(CheckClassEvents, [](ClassDayRecord& day) { day.events.erase(day.events.end() - 2); }),
            "has no end");
  ExpectHas(Broken(CheckClassEvents, [](ClassDayRecord& day) { EventAt(day, 2).type = "PARTICIPANT_MOVED"; }),
            "before it began");
  ExpectHas(Broken(CheckClassEvents, [](ClassDayRecord& day) { EventAt(day, 8).type = "PARTICIPANT_QUEUED"; }),
            "although it had begun");
  ExpectHas(Broken(CheckClassEvents,
                   [](ClassDayRecord& day) {
                     day.events.push_back(StayEvent(16, "MUTED", "s1", "STUDENT", "RTC", "MOVED"));
                   }),
            "after its end");
  ExpectHas(Broken(CheckClassEvents, [](ClassDayRecord& day) { EventAt(day, 8).stay.sequence = 2; }),
            "with sequence 2 after 2");
  ExpectHas(Broken(CheckClassEvents, [](ClassDayRecord& day) { day.visits[1].joins[0].stay.join_id = "join_x"; }),
            "no event tells of s1's join_x");
}

TEST(CheckClassEvents, TheFoldIsWhatGetRoomAnswers) {
  ExpectHas(Broken(CheckClassEvents, [](ClassDayRecord& day) { day.rooms[0].view.version = 5; }),
            "GetRoom answers CLOSED version 5");
  ExpectHas(Broken(CheckClassEvents, [](ClassDayRecord& day) { day.events.back().room.version = 3; }),
            "went from version 3 to 3");
}

TEST(CheckLiveDay, HasGrownByWhatTheEventsSay) {
  ExpectHas(Broken(CheckLiveDay,
                   [](ClassDayRecord& day) {
                     --day.after.joins[{"RTC", "BEST"}];
                   }),
            "0 more joins RTC BEST, the events say 1");
  ExpectHas(Broken(CheckLiveDay, [](ClassDayRecord& day) { ++day.after.rooms["CLOSED"]; }), "rooms CLOSED");
  ExpectHas(Broken(CheckLiveDay, [](ClassDayRecord& day) { ++day.after.leaves["REMOVED"]; }), "leaves REMOVED");
  ExpectHas(Broken(CheckLiveDay, [](ClassDayRecord& day) { day.after.leaves["REDIS_LOST"] = 1; }),
            "1 more leaves REDIS_LOST, the events say 0");
  ExpectHas(Broken(CheckLiveDay, [](ClassDayRecord& day) { ++day.after.queued; }), "in the queue");
  ExpectHas(Broken(CheckLiveDay, [](ClassDayRecord& day) { ++day.after.reconnections; }), "reconnections");
  ExpectHas(Broken(CheckLiveDay, [](ClassDayRecord& day) { day.after.refusals.clear(); }), "refusals GRANT_MISSING");
  EXPECT_EQ(Broken(CheckLiveDay, [](ClassDayRecord& day) { day.after.day = "2026-11-28"; }), "");
}

TEST(CheckRoomEnds, RoomsEndAsPlanned) {
  ExpectHas(Broken(CheckRoomEnds, [](ClassDayRecord& day) { day.rooms[0].view.state = "ENDED"; }), "is ENDED");
  ExpectHas(Broken(CheckRoomEnds, [](ClassDayRecord& day) { day.rooms[1].view.state_reason = "NOT_STARTED"; }),
            "want CANCELED CANCELED_BY_PRODUCT");
  ExpectHas(Broken(CheckRoomEnds, [](ClassDayRecord& day) { day.rooms[0].listed_at_end = 2; }),
            "ListParticipants has 2");
}

TEST(CheckRoomChannels, TellsWhatTheFeedTells) {
  const auto events = [](ClassDayRecord& day) -> std::vector<ClientEvent>& { return day.clients[0].events; };
  ExpectHas(Broken(CheckRoomChannels, [&](ClassDayRecord& day) { events(day).erase(events(day).begin() + 1); }),
            "has not heard of evt_1");
  EXPECT_EQ(Broken(CheckRoomChannels,
                   [&](ClassDayRecord& day) {
                     events(day).erase(events(day).begin() + 1);
                     events(day)[0].time_ms = 11'001;  // It was told that it has a hole before.
                   }),
            "");
  ExpectHas(Broken(CheckRoomChannels, [&](ClassDayRecord& day) { events(day).push_back(events(day)[1]); }), "twice");
  ExpectHas(Broken(CheckRoomChannels, [&](ClassDayRecord& day) { std::swap(events(day)[1], events(day)[2]); }),
            "after later events");
  ExpectHas(Broken(CheckRoomChannels, [&](ClassDayRecord& day) { events(day)[1].text = R"({"eventId":"evt_x"})"; }),
            "of which the feed does not tell");
}

TEST(CheckClassMessages, QuizzesAreShownOnceAndAcknowledged) {
  const auto events = [](ClassDayRecord& day) -> std::vector<ClientEvent>& { return day.clients[0].events; };
  ExpectHas(Broken(CheckClassMessages, [&](ClassDayRecord& day) { events(day).pop_back(); }), "was not shown quiz 2");
  ExpectHas(Broken(CheckClassMessages, [&](ClassDayRecord& day) { events(day).push_back(events(day).back()); }),
            "was shown quiz 2 (msg_2) 2 times");
  ExpectHas(Broken(CheckClassMessages, [](ClassDayRecord& day) { day.messages[1].fates["s1"] = "PENDING"; }),
            "is PENDING");
  ExpectHas(Broken(CheckClassMessages, [](ClassDayRecord& day) { day.messages[1].fates.clear(); }), "no recipient");
  ExpectHas(Broken(CheckClassMessages, [](ClassDayRecord& day) { day.messages[1].message_id = ""; }),
            "was never accepted");
  ExpectHas(
      Broken(CheckClassMessages, [&](ClassDayRecord& day) { events(day)[events(day).size() - 2].class_number = 0; }),
      "has not seen line 1");
}

TEST(RosterByEvents, IsWhoIsInNow) {
  ClassDayRecord day = GoodClassDay();
  EXPECT_TRUE(RosterByEvents(day.events, "room_1").empty());
  day.events.resize(day.events.size() - 4);
  EXPECT_EQ(RosterByEvents(day.events, "room_1"),
            (std::vector<std::string>{"s1: join_s1 STUDENT on RTC, seat 1", "s4: join_s4 STUDENT on STANDARD, seat 0",
                                      "t: join_t TEACHER on RTC, seat 0"}));
}

TEST(ClassFold, NoticesRepeatsAndOtherProducts) {
  ClassFold fold("acme");
  fold.Apply(StayEvent(1, "JOINED", "s1", "STUDENT", "RTC", "BEST"));
  EXPECT_TRUE(fold.complaints().empty());
  fold.Apply(StayEvent(1, "JOINED", "s1", "STUDENT", "RTC", "BEST"));
  LiveEventView foreign = StayEvent(2, "JOINED", "s1", "STUDENT", "RTC", "BEST");
  foreign.product = "globex";
  fold.Apply(foreign);
  ASSERT_EQ(fold.complaints().size(), 2u);
  ExpectHas(fold.complaints()[0], "came twice");
  ExpectHas(fold.complaints()[1], "of globex");
  EXPECT_EQ(fold.events().size(), 2u);
}

}  // namespace
}  // namespace trivium::schoolday
