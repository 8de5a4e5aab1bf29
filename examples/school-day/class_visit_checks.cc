// Who came in, who did not, and whether they could stay.
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "examples/school-day/class_invariants.h"

namespace trivium::schoolday {
namespace {

using Sentences = std::vector<std::string>;
using RoomUser = std::pair<std::string, std::string>;

std::string NameOf(const ClassDayRecord& day, const VisitRecord& v) {
  return absl::StrCat(v.plan.user_id, " (", RoleName(v.plan.role), ") in ", day.rooms[v.plan.room].plan.class_id);
}

bool IsHeld(const ClassDayRecord& day, const VisitRecord& v) { return !day.rooms[v.plan.room].plan.canceled; }

RoomUser KeyOf(const ClassDayRecord& day, const VisitRecord& v) {
  return {day.rooms[v.plan.room].room_id, v.plan.user_id};
}

// How each stay ended, by its join id.
std::map<std::string, std::string> EndsOfStays(const ClassDayRecord& day) {
  std::map<std::string, std::string> ends;
  for (const LiveEventView& e : day.events) {
    if (e.type == "PARTICIPANT_LEFT") ends[e.stay.join_id] = e.stay.leave_reason;
  }
  return ends;
}

void CheckTries(const ClassDayRecord& day, const VisitRecord& v, Sentences& broken) {
  for (const Refusal& t : v.tries) {
    if (t.reason == t.tried) continue;
    broken.push_back(
        absl::StrCat("access: ", NameOf(day, v), " tried what must be ", t.tried, ", and was answered ", t.reason));
  }
  if (!v.granted && !v.joins.empty()) {
    broken.push_back(absl::StrCat("access: ", NameOf(day, v), " was let in by live, not by the backend"));
  }
}

// Nobody is in a room whom its backend did not let in; nobody comes back after its removal.
void CheckGuests(const ClassDayRecord& day, Sentences& broken) {
  std::set<std::string> ours;
  for (const RoomRecord& room : day.rooms) ours.insert(room.room_id);
  std::set<RoomUser> granted, removed;
  for (const VisitRecord& v : day.visits) {
    if (v.granted) granted.insert(KeyOf(day, v));
  }
  for (const LiveEventView& e : day.events) {
    if (e.of_room || !ours.contains(e.stay.room_id)) continue;
    const RoomUser who{e.stay.room_id, e.stay.user_id};
    if (!granted.contains(who)) {
      broken.push_back(
          absl::StrCat("access: ", e.type, " of ", who.second, " in ", who.first, ", whom the backend has not let in"));
    }
    if (e.type == "PARTICIPANT_LEFT" && e.stay.leave_reason == "REMOVED") {
      removed.insert(who);
    } else if (removed.contains(who)) {
      broken.push_back(absl::StrCat("access: ", e.type, " of ", who.second, " in ", who.first, " after its removal"));
    }
  }
}

void CheckBanned(const ClassDayRecord& day, const VisitRecord& v, Sentences& broken) {
  const std::vector<std::string>& banned = day.rooms[v.plan.room].banned;
  if (std::find(banned.begin(), banned.end(), v.plan.user_id) == banned.end()) return;
  const auto refused = v.refusals.find("PARTICIPANT_BANNED");
  if (v.end == VisitEnd::kBanned && refused != v.refusals.end()) return;
  broken.push_back(absl::StrCat("access: ", NameOf(day, v), " was removed with a ban, and ended as ", EndName(v.end)));
}

void CheckCameOne(const ClassDayRecord& day, const VisitRecord& v, Sentences& broken) {
  const bool held = IsHeld(day, v);
  if (!held && v.granted && v.end != VisitEnd::kCanceled) {
    broken.push_back(absl::StrCat("canceled: ", NameOf(day, v), " was not told of it, and ended as ", EndName(v.end)));
  }
  if (held && v.granted && v.joins.empty()) {
    broken.push_back(
        absl::StrCat("came: ", NameOf(day, v), " was let in by the backend, but not by live: ", EndName(v.end)));
  }
  const bool early = day.rooms[v.plan.room].plan.moved && v.granted && !v.kept_out && v.plan.way != Way::kBackend;
  if (held && early && v.not_live == 0) {
    broken.push_back(absl::StrCat("moved: ", NameOf(day, v), " came at the old time, and nobody told it to wait"));
  }
  for (const JoinAnswer& join : v.joins) {
    if (join.stay.role == RoleName(v.plan.role)) continue;
    broken.push_back(absl::StrCat("came: ", NameOf(day, v), " is ", join.stay.role, " in the room"));
  }
}

void CheckSameStay(const ClassDayRecord& day, const VisitRecord& v, const std::map<std::string, std::string>& ends,
                   Sentences& broken) {
  for (size_t i = 1; i < v.joins.size(); ++i) {
    const StayView &was = v.joins[i - 1].stay, &is = v.joins[i].stay;
    if (was.join_id == is.join_id && is.epoch > was.epoch) continue;
    const auto end = ends.find(was.join_id);
    const std::string reason = end == ends.end() ? "goes on" : end->second;
    // What Redis lost and nobody could prove begins anew.
    if (was.join_id != is.join_id && reason == "REDIS_LOST") continue;
    broken.push_back(absl::StrCat("reconnect: ", NameOf(day, v), " came back to ", is.join_id, " epoch ", is.epoch,
                                  ", want ", was.join_id, " (", reason, ") and an epoch above ", was.epoch));
  }
}

void CheckEndOfStay(const ClassDayRecord& day, const VisitRecord& v, const std::map<std::string, std::string>& ends,
                    Sentences& broken) {
  if (v.joins.empty()) return;
  const auto end = ends.find(v.joins.back().stay.join_id);
  const std::string reason = end == ends.end() ? "goes on" : end->second;
  const bool expired = reason == "LEASE_EXPIRED";
  const bool lost = reason == "REDIS_LOST" && WasRebuilt(day);
  if (v.end == VisitEnd::kVanished && !expired && !lost) {
    broken.push_back(absl::StrCat("lease: ", NameOf(day, v), " vanished, and its stay ", reason));
  }
  if (v.end != VisitEnd::kVanished && expired) {
    broken.push_back(absl::StrCat("lease: ", NameOf(day, v), " was there, and its lease ended all the same"));
  }
  if (v.end == VisitEnd::kLeft && reason != "LEFT" && !lost) {
    broken.push_back(absl::StrCat("stays: ", NameOf(day, v), " has left, and its stay ", reason));
  }
  if (v.end == VisitEnd::kRoomOver && reason != "ROOM_CLOSED" && !WasRebuilt(day)) {
    broken.push_back(absl::StrCat("stays: ", NameOf(day, v), " was there to the end, and its stay ", reason));
  }
}

}  // namespace

const char* EndName(VisitEnd end) {
  constexpr const char* kNames[] = {"none",   "left",       "room over", "vanished",
                                    "banned", "never paid", "canceled",  "gave up"};
  return kNames[static_cast<int>(end)];
}

Sentences CheckStaff(const ClassDayRecord& day) {
  Sentences broken;
  for (const VisitRecord& v : day.visits) {
    if (!IsStaff(v.plan.role)) continue;
    if (IsHeld(day, v)) {
      for (const auto& [reason, count] : v.refusals) {
        // Whose connection breaks at the end comes again when the class is over, and hears so.
        const bool over = reason == "ROOM_NOT_LIVE" || reason == "ROOM_ENDING";
        if (over && v.end == VisitEnd::kRoomOver) continue;
        broken.push_back(absl::StrCat("staff: ", NameOf(day, v), " was refused: ", reason, ", ", count, " times"));
      }
    }
    for (const JoinAnswer& join : v.joins) {
      const bool right = join.stay.rung == kRungs[0] && (join.stay.reason == "STAFF" || join.stay.reason == "RESUMED");
      if (right) continue;
      broken.push_back(absl::StrCat("staff: ", NameOf(day, v), " is on ", join.stay.rung, " for ", join.stay.reason));
    }
  }
  return broken;
}

Sentences CheckAccess(const ClassDayRecord& day) {
  Sentences broken;
  for (const VisitRecord& v : day.visits) {
    CheckTries(day, v, broken);
    CheckBanned(day, v, broken);
  }
  CheckGuests(day, broken);
  return broken;
}

Sentences CheckCame(const ClassDayRecord& day) {
  Sentences broken;
  for (const VisitRecord& v : day.visits) CheckCameOne(day, v, broken);
  return broken;
}

Sentences CheckStays(const ClassDayRecord& day) {
  Sentences broken;
  const std::map<std::string, std::string> ends = EndsOfStays(day);
  for (const VisitRecord& v : day.visits) {
    CheckSameStay(day, v, ends, broken);
    CheckEndOfStay(day, v, ends, broken);
    const auto backs = std::count_if(v.joins.begin(), v.joins.end(), [](const JoinAnswer& j) { return j.back; });
    if (v.breaks > 0 && backs == 0) {
      broken.push_back(absl::StrCat("reconnect: ", NameOf(day, v), " broke off and never came back"));
    }
  }
  return broken;
}

}  // namespace trivium::schoolday
