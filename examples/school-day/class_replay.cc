#include "examples/school-day/class_replay.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {
namespace {

// 0-2; 3: waits.
size_t RungIndex(const std::string& rung) {
  for (size_t i = 0; i < std::size(kRungs); ++i) {
    if (rung == kRungs[i]) return i;
  }
  return std::size(kRungs);
}

bool Waits(const StayView& stay) { return RungIndex(stay.rung) == std::size(kRungs); }

}  // namespace

ClassReplay::ClassReplay(const std::vector<const ClassDayRecord*>& days, const ClassLimits& limits) {
  for (const ClassDayRecord* day : days) {
    for (const LiveEventView& event : day->events) {
      if (!event.of_room) {
        events_.push_back(&event);
      } else if (event.type == "ROOM_STARTED") {
        AddRoom(event.product, event.room, limits);
      }
    }
  }
  std::stable_sort(events_.begin(), events_.end(),
                   [](const LiveEventView* a, const LiveEventView* b) { return a->stay.sequence < b->stay.sequence; });
}

void ClassReplay::AddRoom(const std::string& product, const ClassRoomView& view, const ClassLimits& limits) {
  RoomState& room = rooms_[view.room_id];
  room.view = view;
  room.product = product;
  const auto places = [](const std::map<std::string, RungPlaces>& of, const std::string& name) {
    const auto found = of.find(name);
    return found == of.end() ? std::pair(false, RungPlaces{}) : std::pair(true, found->second);
  };
  const std::pair<bool, RungPlaces> known[] = {{true, view.places},
                                               places(limits.institution, product),
                                               places(limits.node, view.node),
                                               places(limits.product, product),
                                               {limits.platform_known, limits.platform}};
  const std::vector<Key> keys = KeysOf(room);
  for (size_t i = 0; i < keys.size(); ++i) {
    LevelState& level = levels_[keys[i]];
    level.level = keys[i].first;
    level.name = keys[i].second;
    level.known = known[i].first;
    level.places = known[i].second;
    level.empty_slices += view.staff_slots;
  }
}

std::vector<ClassReplay::Key> ClassReplay::KeysOf(const RoomState& room) const {
  return {{"ROOM", room.view.room_id},
          {"INSTITUTION", absl::StrCat(room.product, " ", room.view.institution_id)},
          {"NODE", room.view.node},
          {"PRODUCT", room.product},
          {"PLATFORM", ""}};
}

const ClassReplay::Stay* ClassReplay::Find(const std::string& join_id) const {
  const auto found = stays_.find(join_id);
  return found == stays_.end() ? nullptr : &found->second;
}

const ClassReplay::RoomState* ClassReplay::FindRoom(const std::string& room_id) const {
  const auto found = rooms_.find(room_id);
  return found == rooms_.end() ? nullptr : &found->second;
}

std::vector<const LevelState*> ClassReplay::LevelsOf(const std::string& room_id) const {
  std::vector<const LevelState*> levels;
  const RoomState* room = FindRoom(room_id);
  if (room == nullptr) return levels;
  for (const Key& key : KeysOf(*room)) levels.push_back(&levels_.at(key));
  return levels;
}

const LevelState* ClassReplay::FindLevel(const std::string& room_id, const std::string& level) const {
  for (const LevelState* state : LevelsOf(room_id)) {
    if (state->level == level) return state;
  }
  return nullptr;
}

int ClassReplay::LineOf(const StayView& stay) const {
  const RoomState* room = FindRoom(stay.room_id);
  return room != nullptr && room->view.seats > 0 && stay.role == "STUDENT" ? 1 : 2;
}

void ClassReplay::Use(const RoomState& room, size_t rung, int64_t count) {
  for (const Key& key : KeysOf(room)) levels_[key].use[rung] += count;
}

// Staff within the slots stands on the slice, which counts as a whole as long as somebody is in the room.
void ClassReplay::Take(RoomState& room, const StayView& stay, int64_t sign) {
  const int64_t slots = room.view.staff_slots;
  const auto beyond = [&] { return std::max<int64_t>(room.staff - slots, 0); };
  const int64_t beyond_before = beyond();
  const bool was_empty = room.present == 0;
  room.present += sign;
  if (stay.IsStaff()) room.staff += sign;
  Use(room, RungIndex(stay.rung), stay.IsStaff() ? beyond() - beyond_before : sign);
  if (was_empty == (room.present == 0)) return;
  Use(room, 0, was_empty ? slots : -slots);
  for (const Key& key : KeysOf(room)) levels_[key].empty_slices += was_empty ? -slots : slots;
}

void ClassReplay::Enter(RoomState& room, Stay& stay) {
  if (Waits(stay.view)) {
    if (stay.ticket == 0) stay.ticket = stay.placed > 0 ? stay.placed : stay.view.sequence;
    room.lines[LineOf(stay.view)][stay.ticket] = stay.view.join_id;
    return;
  }
  Take(room, stay.view, 1);
  if (stay.view.seat > 0) room.seats[stay.view.seat] = stay.view.join_id;
}

void ClassReplay::Leave(RoomState& room, Stay& stay) {
  if (Waits(stay.view)) {
    room.lines[LineOf(stay.view)].erase(stay.ticket);
    return;
  }
  Take(room, stay.view, -1);
  const auto seat = room.seats.find(stay.view.seat);
  if (seat != room.seats.end() && seat->second == stay.view.join_id) room.seats.erase(seat);
}

void ClassReplay::Apply(const LiveEventView& event) {
  const auto room = rooms_.find(event.stay.room_id);
  if (room == rooms_.end()) return;  // Was started before this day.
  const auto found = stays_.find(event.stay.join_id);
  const bool begins = event.type == "PARTICIPANT_JOINED" || event.type == "PARTICIPANT_QUEUED" ||
                      event.stay.reason == "RESUMED" || event.stay.reason == "OUTDONE";
  if (found == stays_.end() && (!begins || event.type == "PARTICIPANT_LEFT")) return;
  Stay& stay = stays_[event.stay.join_id];
  if (found != stays_.end()) Leave(room->second, stay);
  if (event.type == "PARTICIPANT_LEFT") {
    stays_.erase(event.stay.join_id);
    return;
  }
  if (found == stays_.end() || event.type == "PARTICIPANT_JOINED" || event.type == "PARTICIPANT_MOVED") {
    stay.placed = Waits(event.stay) ? 0 : event.stay.sequence;
  }
  stay.view = event.stay;
  Enter(room->second, stay);
}

}  // namespace trivium::schoolday
