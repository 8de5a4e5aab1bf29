// Levels, seats, the queue, reasons: all that the order of the events decides.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "examples/school-day/class_invariants.h"
#include "examples/school-day/class_replay.h"

namespace trivium::schoolday {
namespace {

using Sentences = std::vector<std::string>;

std::string NameOf(const LiveEventView& e) {
  return absl::StrCat(e.stay.user_id, " in ", e.stay.room_id, " (", e.type, " ", e.stay.sequence, ", ", e.stay.rung,
                      " ", e.stay.reason, ")");
}

// Came back after the loss of Redis: to what its token proves, or, outdone, to the queue.
bool IsOfRebuild(const LiveEventView& e) { return e.stay.reason == "RESUMED" || e.stay.reason == "OUTDONE"; }

void CheckLevels(const LiveEventView& e, const ClassReplay& after, Sentences& broken) {
  for (const LevelState* level : after.LevelsOf(e.stay.room_id)) {
    for (size_t rung = 0; level->known && rung < std::size(kRungs); ++rung) {
      if (level->use[rung] <= level->places[rung]) continue;
      broken.push_back(absl::StrCat("capacity: ", level->level, " ", level->name, " holds ", level->use[rung], " on ",
                                    kRungs[rung], " after ", NameOf(e), ", want <= ", level->places[rung]));
    }
  }
}

void CheckSeat(const LiveEventView& e, const ClassReplay& before, Sentences& broken) {
  if (e.stay.seat == 0 || e.type == "PARTICIPANT_LEFT") return;
  const ClassReplay::RoomState& room = *before.FindRoom(e.stay.room_id);
  const int seats = std::max(room.view.seats, room.view.stage_size);
  if (e.stay.seat > seats) {
    broken.push_back(absl::StrCat("seats: ", NameOf(e), " has seat ", e.stay.seat, ", want <= ", seats));
  }
  const auto holder = room.seats.find(e.stay.seat);
  if (holder == room.seats.end() || holder->second == e.stay.join_id) return;
  broken.push_back(
      absl::StrCat("seats: ", NameOf(e), " has seat ", e.stay.seat, ", which is still ", holder->second, "'s"));
}

// Nobody gets a place while somebody of the same line has waited for longer.
void CheckQueue(const LiveEventView& e, const ClassReplay& before, Sentences& broken) {
  if (e.type != "PARTICIPANT_JOINED" || e.stay.IsStaff()) return;
  const ClassReplay::RoomState& room = *before.FindRoom(e.stay.room_id);
  const auto line = room.lines.find(before.LineOf(e.stay));
  if (line == room.lines.end() || line->second.empty()) return;
  if (line->second.begin()->second == e.stay.join_id) return;
  broken.push_back(
      absl::StrCat("queue: ", NameOf(e), " got in before ", line->second.begin()->second, ", who has waited longer"));
}

// Places of a small class that its free seats need: viewers leave them free.
int64_t KeptForSeats(const ClassReplay& before, const LiveEventView& e, const std::string& rung) {
  const ClassReplay::RoomState& room = *before.FindRoom(e.stay.room_id);
  if (rung != kRungs[0] || room.view.seats == 0 || before.LineOf(e.stay) == 1) return 0;
  return room.view.seats - static_cast<int64_t>(room.seats.size());
}

bool IsFull(const LevelState& level, const std::string& rung, int64_t kept) {
  if (!level.known) return true;
  for (size_t i = 0; i < std::size(kRungs); ++i) {
    if (rung != kRungs[i]) continue;
    const int64_t slices = i == 0 ? level.empty_slices : 0;
    return level.use[i] + slices + kept + 1 > level.places[i];
  }
  return false;
}

// Of viewers: a student of a small class can have RTC alone.
void CheckPassedOver(const LiveEventView& e, const ClassReplay& before, Sentences& broken) {
  for (const char* rung : kRungs) {
    if (rung == e.stay.rung || before.LineOf(e.stay) == 1) return;
    const auto passed = [&](const auto& full) { return full.first == rung; };
    if (std::any_of(e.stay.full.begin(), e.stay.full.end(), passed)) continue;
    broken.push_back(absl::StrCat("reason: ", NameOf(e), " does not say what was full on ", rung));
  }
}

void CheckFullLevels(const LiveEventView& e, const ClassReplay& before, Sentences& broken) {
  if (e.stay.full.empty()) broken.push_back(absl::StrCat("reason: ", NameOf(e), " names no level that was full"));
  CheckPassedOver(e, before, broken);
  for (const auto& [rung, name] : e.stay.full) {
    const LevelState* level = before.FindLevel(e.stay.room_id, name);
    if (level != nullptr && IsFull(*level, rung, name == "ROOM" ? KeptForSeats(before, e, rung) : 0)) continue;
    broken.push_back(
        absl::StrCat("reason: ", NameOf(e), " says that ", name, " was full on ", rung, ", which it was not"));
  }
}

bool IsReasonTo(const LiveEventView& e) {
  const std::string& reason = e.stay.reason;
  if (e.stay.IsStaff()) return reason == "STAFF";
  if (e.type == "PARTICIPANT_JOINED") return reason == "BEST" || reason == "FULL" || reason == "FROM_QUEUE";
  return reason == "FULL" || reason == "BEHIND_QUEUE" || reason == "SEATS_TAKEN";
}

// Of somebody who comes.
void CheckReason(const LiveEventView& e, const ClassReplay& before, Sentences& broken) {
  const bool comes = e.type == "PARTICIPANT_JOINED" || e.type == "PARTICIPANT_QUEUED";
  if (!comes || IsOfRebuild(e)) return;
  const ClassReplay::RoomState& room = *before.FindRoom(e.stay.room_id);
  const auto line = room.lines.find(before.LineOf(e.stay));
  if (!IsReasonTo(e)) broken.push_back(absl::StrCat("reason: ", NameOf(e), " is none to come there"));
  const bool others_wait = line != room.lines.end() && !line->second.empty();
  if (e.stay.reason == "FULL") CheckFullLevels(e, before, broken);
  if (e.stay.reason == "BEHIND_QUEUE" && !others_wait) {
    broken.push_back(absl::StrCat("reason: ", NameOf(e), " says that others have waited before: nobody does"));
  }
  if (e.stay.reason == "SEATS_TAKEN" && static_cast<int>(room.seats.size()) < room.view.seats) {
    broken.push_back(absl::StrCat("reason: ", NameOf(e), " says that all seats are taken: ", room.seats.size(), " of ",
                                  room.view.seats, " are"));
  }
  if (e.stay.reason == "FROM_QUEUE" && before.Find(e.stay.join_id) == nullptr) {
    broken.push_back(absl::StrCat("reason: ", NameOf(e), " has not waited before"));
  }
  if (e.stay.reason == "BEST" && e.stay.rung != kRungs[0]) {
    broken.push_back(absl::StrCat("reason: ", NameOf(e), " has the best rung, want RTC"));
  }
}

// Who comes back to a place has the one that it had.
void CheckSamePlace(const LiveEventView& e, const ClassReplay& before, Sentences& broken) {
  if (e.type != "PARTICIPANT_RECONNECTED" || IsOfRebuild(e)) return;
  const ClassReplay::Stay* stay = before.Find(e.stay.join_id);
  if (stay == nullptr || (stay->view.seat == e.stay.seat && stay->view.rung == e.stay.rung)) return;
  broken.push_back(absl::StrCat("reconnect: ", NameOf(e), " came back to ", e.stay.rung, " seat ", e.stay.seat,
                                ", want ", stay->view.rung, " seat ", stay->view.seat));
}

}  // namespace

Sentences CheckPlaces(const std::vector<ClassDayRecord>& days, const ClassLimits& limits) {
  Sentences broken;
  std::vector<const ClassDayRecord*> all;
  for (const ClassDayRecord& day : days) all.push_back(&day);
  ClassReplay replay(all, limits);
  for (const LiveEventView* event : replay.events()) {
    const bool known = replay.FindRoom(event->stay.room_id) != nullptr;
    if (known) {
      for (const auto check : {CheckSeat, CheckQueue, CheckReason, CheckSamePlace}) check(*event, replay, broken);
    }
    replay.Apply(*event);
    if (known) CheckLevels(*event, replay, broken);
  }
  return broken;
}

}  // namespace trivium::schoolday
