// Events = states, and what the day adds up to.
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "examples/school-day/class_invariants.h"

namespace trivium::schoolday {
namespace {

using Sentences = std::vector<std::string>;

bool IsOfRebuild(const StayView& stay) { return stay.reason == "RESUMED" || stay.reason == "OUTDONE"; }

// One stay's events, in the feed's order.
class StayWalk {
 public:
  void Take(const LiveEventView& e, Sentences& broken) {
    const std::string who = absl::StrCat("stays: ", e.stay.user_id, "'s ", e.stay.join_id, ": ", e.type, " ");
    if (ended_) broken.push_back(absl::StrCat(who, "after its end"));
    if (e.stay.sequence <= sequence_) {
      broken.push_back(absl::StrCat(who, "with sequence ", e.stay.sequence, " after ", sequence_));
    }
    const bool queued = e.type == "PARTICIPANT_QUEUED", joined = e.type == "PARTICIPANT_JOINED";
    if (!begun_ && !queued && !joined && !IsOfRebuild(e.stay)) broken.push_back(absl::StrCat(who, "before it began"));
    if (begun_ && queued && !IsOfRebuild(e.stay)) broken.push_back(absl::StrCat(who, "although it had begun"));
    if (begun_ && joined && !waits_) broken.push_back(absl::StrCat(who, "although it did not wait"));
    begun_ = true;
    waits_ = e.stay.rung == "WAITING";
    ended_ = e.type == "PARTICIPANT_LEFT";
    sequence_ = e.stay.sequence;
  }
  bool ended() const { return ended_; }

 private:
  bool begun_ = false, waits_ = false, ended_ = false;
  int64_t sequence_ = 0;
};

void CheckRoomStates(const ClassDayRecord& day, Sentences& broken) {
  std::map<std::string, ClassRoomView> told;
  for (const LiveEventView& e : day.events) {
    if (!e.of_room) continue;
    ClassRoomView& known = told[e.room.room_id];
    if (e.room.version <= known.version) {
      broken.push_back(
          absl::StrCat("class events: ", e.room.room_id, " went from version ", known.version, " to ", e.room.version));
    }
    known = e.room;
  }
  for (const RoomRecord& room : day.rooms) {
    if (room.room_id.empty()) continue;
    const auto last = told.find(room.room_id);
    if (last == told.end()) {
      broken.push_back(absl::StrCat("class events: none told of ", room.plan.class_id, "'s ", room.room_id));
    } else if (last->second.state != room.view.state || last->second.version != room.view.version) {
      broken.push_back(absl::StrCat("class events: ", room.room_id, " is ", last->second.state, " version ",
                                    last->second.version, ", GetRoom answers ", room.view.state, " version ",
                                    room.view.version));
    }
  }
}

// Counts of the day by what the events say.
LiveDayView CountEvents(const std::vector<LiveEventView>& events) {
  static const std::map<std::string, std::string> kBecame = {{"ROOM_CREATED", "CREATED"},
                                                             {"ROOM_STARTED", "LIVE"},
                                                             {"ROOM_ENDED", "ENDED"},
                                                             {"ROOM_CLOSED", "CLOSED"},
                                                             {"ROOM_CANCELED", "CANCELED"}};
  LiveDayView day;
  for (const LiveEventView& e : events) {
    if (const auto became = kBecame.find(e.type); became != kBecame.end()) ++day.rooms[became->second];
    if (e.type == "PARTICIPANT_JOINED") ++day.joins[{e.stay.rung, e.stay.reason}];
    if (e.type == "PARTICIPANT_LEFT") ++day.leaves[e.stay.leave_reason];
    if (e.type == "PARTICIPANT_QUEUED" && !IsOfRebuild(e.stay)) ++day.queued;
    if (e.type == "PARTICIPANT_RECONNECTED") ++day.reconnections;
  }
  return day;
}

template <typename Key>
int64_t Grown(const std::map<Key, int64_t>& before, const std::map<Key, int64_t>& after, const Key& key) {
  const auto was = before.find(key), is = after.find(key);
  return (is == after.end() ? 0 : is->second) - (was == before.end() ? 0 : was->second);
}

void Want(const std::string& what, int64_t grown, int64_t want, Sentences& broken) {
  if (grown == want) return;
  broken.push_back(absl::StrCat("live day: it has ", grown, " more ", what, ", the events say ", want));
}

// Each count has grown as wanted, also one of which the events know nothing.
template <typename Key, typename Name>
void WantAll(const Name& name, const std::map<Key, int64_t>& before, const std::map<Key, int64_t>& after,
             const std::map<Key, int64_t>& want, Sentences& broken) {
  std::map<Key, int64_t> all = want;
  for (const auto& [key, count] : after) all.try_emplace(key, 0);
  for (const auto& [key, count] : all) Want(name(key), Grown(before, after, key), count, broken);
}

// Refusals are counted behind, and a killed instance forgets its last ones.
void CheckRefusals(const ClassDayRecord& day, Sentences& broken) {
  if (day.troubled) return;
  std::map<std::string, int64_t> ours;
  for (const VisitRecord& v : day.visits) {
    for (const Refusal& t : v.tries) ours[t.reason] += t.reason.starts_with("GRANT_") ? 1 : 0;
  }
  for (const auto& [reason, count] : ours) {
    const int64_t grown = Grown(day.before.refusals, day.after.refusals, reason);
    if (grown < count) {
      broken.push_back(absl::StrCat("live day: it has ", grown, " more refusals ", reason, ", want ", count));
    }
  }
}

}  // namespace

bool WasRebuilt(const ClassDayRecord& day) {
  return std::any_of(day.events.begin(), day.events.end(), [](const LiveEventView& e) {
    return !e.of_room && (IsOfRebuild(e.stay) || e.stay.leave_reason == "REDIS_LOST");
  });
}

Sentences CheckClassEvents(const ClassDayRecord& day) {
  Sentences broken;
  CheckRoomStates(day, broken);
  std::set<std::string> ours;
  for (const RoomRecord& room : day.rooms) ours.insert(room.room_id);
  std::map<std::string, StayWalk> walks;
  std::map<std::string, std::string> who;
  for (const LiveEventView& e : day.events) {
    if (e.of_room || !ours.contains(e.stay.room_id)) continue;
    walks[e.stay.join_id].Take(e, broken);
    who[e.stay.join_id] = e.stay.user_id;
  }
  for (const auto& [join_id, walk] : walks) {
    if (!walk.ended()) broken.push_back(absl::StrCat("stays: ", who[join_id], "'s ", join_id, " has no end"));
  }
  for (const VisitRecord& v : day.visits) {
    for (const JoinAnswer& join : v.joins) {
      if (!walks.contains(join.stay.join_id)) {
        broken.push_back(absl::StrCat("stays: no event tells of ", v.plan.user_id, "'s ", join.stay.join_id));
      }
    }
  }
  return broken;
}

Sentences CheckLiveDay(const ClassDayRecord& day) {
  Sentences broken;
  if (day.before.day != day.after.day) return broken;
  const LiveDayView want = CountEvents(day.events);
  for (const char* state : {"CREATED", "LIVE", "ENDED", "CLOSED", "CANCELED"}) {
    const auto found = want.rooms.find(state);
    Want(absl::StrCat("rooms ", state), Grown(day.before.rooms, day.after.rooms, std::string(state)),
         found == want.rooms.end() ? 0 : found->second, broken);
  }
  const auto named = [](const auto& key) { return absl::StrCat("joins ", key.first, " ", key.second); };
  WantAll(named, day.before.joins, day.after.joins, want.joins, broken);
  const auto left = [](const std::string& reason) { return absl::StrCat("leaves ", reason); };
  WantAll(left, day.before.leaves, day.after.leaves, want.leaves, broken);
  // Who comes back into the queue counts as a reconnection, and who is put there as nothing.
  if (!WasRebuilt(day)) {
    Want("in the queue", day.after.queued - day.before.queued, want.queued, broken);
    Want("reconnections", day.after.reconnections - day.before.reconnections, want.reconnections, broken);
  }
  CheckRefusals(day, broken);
  return broken;
}

Sentences CheckRoomEnds(const ClassDayRecord& day) {
  Sentences broken;
  for (const RoomRecord& room : day.rooms) {
    const std::string state = room.plan.canceled ? "CANCELED" : "CLOSED";
    const std::string reason = room.plan.canceled ? "CANCELED_BY_PRODUCT" : "ENDED_BY_PRODUCT";
    if (room.view.state != state || room.view.state_reason != reason) {
      broken.push_back(absl::StrCat("rooms: ", room.plan.class_id, "'s ", room.room_id, " is ", room.view.state, " ",
                                    room.view.state_reason, ", want ", state, " ", reason));
    }
    if (room.listed_at_end > 0) {
      broken.push_back(
          absl::StrCat("rooms: ", room.room_id, " is over, and ListParticipants has ", room.listed_at_end));
    }
  }
  return broken;
}

std::string RosterLine(const StayView& stay) {
  return absl::StrCat(stay.user_id, ": ", stay.join_id, " ", stay.role, " on ", stay.rung, ", seat ", stay.seat);
}

std::vector<std::string> RosterByEvents(const std::vector<LiveEventView>& events, const std::string& room_id) {
  std::map<std::string, std::string> lines;  // By join id.
  for (const LiveEventView& e : events) {
    if (e.of_room || e.stay.room_id != room_id) continue;
    lines[e.stay.join_id] = RosterLine(e.stay);
    if (e.type == "PARTICIPANT_LEFT") lines.erase(e.stay.join_id);
  }
  std::vector<std::string> roster;
  for (const auto& [join_id, line] : lines) roster.push_back(line);
  std::sort(roster.begin(), roster.end());
  return roster;
}

}  // namespace trivium::schoolday
