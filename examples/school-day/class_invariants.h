// What must hold of a day's classes. Pure: each check gives a sentence for everything that does not hold.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "examples/school-day/class_views.h"
#include "examples/school-day/views.h"

namespace trivium::schoolday {

// Of all products together, by the events in the order in which they happened: no level is ever over its capacity, no
// seat is held twice, nobody overtakes the queue, and each reason for a rung was true in that moment.
std::vector<std::string> CheckPlaces(const std::vector<ClassDayRecord>& days, const ClassLimits& limits);

// Teachers and assistants were never refused, and sit on RTC.
std::vector<std::string> CheckStaff(const ClassDayRecord& day);
// Nobody came in whom the backend did not let in, or who was banned; each try was refused for the right reason.
std::vector<std::string> CheckAccess(const ClassDayRecord& day);
// Everybody whom the backend let in got in, or waited; who was moved or canceled was told so.
std::vector<std::string> CheckCame(const ClassDayRecord& day);
// Everybody whose money the product had when the class ended got in or waited, but for who paid in its last moments;
// nobody got in whose money it did not have in that moment: by the payments' events, the stays' and the rooms'.
std::vector<std::string> CheckPaid(const ClassDayRecord& day);
// Who pays so shortly before the end of a class that its call cannot be made any more: the payment's event must reach
// the backend, which looks every 300 ms and closes its doors before it ends the room.
inline constexpr int64_t kLastCallMs = 2'000;
// When somebody paid for a class. kNever: or the money had gone back when it ended, or there is nothing to judge
// (staff, a canceled class, an order that has not settled).
enum class PaidWhen { kNever, kBeforeClass, kInClass, kAtItsEnd };
struct PaidVisit {
  PaidWhen when = PaidWhen::kNever;
  int64_t after_end_ms = 0;  // kAtItsEnd: of the payment; less than nothing before the end.
};
// Of each visit, as in the record.
std::vector<PaidVisit> PaidVisits(const ClassDayRecord& day);
// What that is held against.
std::map<std::string, PaidOrder> PaidOrders(const DayRecord& payments);
// A reconnect keeps join_id, seat, rung; who vanished was ended by the lease; nobody else was.
std::vector<std::string> CheckStays(const ClassDayRecord& day);
// Fold of events = what GetRoom answers; each stay has one beginning and one end; versions and sequences grow.
std::vector<std::string> CheckClassEvents(const ClassDayRecord& day);
// The day has grown by what the events say.
std::vector<std::string> CheckLiveDay(const ClassDayRecord& day);
// Rooms end as planned.
std::vector<std::string> CheckRoomEnds(const ClassDayRecord& day);
// A room's channel told what the feed tells, in its order; a client that was told of no hole has all of it.
std::vector<std::string> CheckRoomChannels(const ClassDayRecord& day);
// Everybody who was in was shown each quiz, and everybody the moved class, exactly once; all of it is acknowledged.
// Who was told of no hole has all chat.
std::vector<std::string> CheckClassMessages(const ClassDayRecord& day);

// All of them and the complaints; at most 15 sentences a product, each begins with the product's name.
std::vector<std::string> CheckAllClasses(const std::vector<ClassDayRecord>& days, const ClassLimits& limits);

// Whether a room's channel tells of an event.
bool IsTold(const LiveEventView& event, const std::string& room_type);
// Event ids by what a client read in a room's channel: "" for what is no event of a room.
std::string EventIdOf(const std::string& text);

// Where those who are in a room stand, by the events: "user: join_... STUDENT on RTC, seat 2", sorted.
std::vector<std::string> RosterByEvents(const std::vector<LiveEventView>& events, const std::string& room_id);
std::string RosterLine(const StayView& stay);

}  // namespace trivium::schoolday
