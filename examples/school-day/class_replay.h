// Where everybody stood at each moment, by the events alone: who is where, how full each level is, who waits.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "examples/school-day/class_views.h"

namespace trivium::schoolday {

// A level of capacity: "PLATFORM", "NODE node-a", "PRODUCT acme", "INSTITUTION acme I1", "ROOM room_...".
struct LevelState {
  std::string level, name;
  bool known = false;  // Its places are.
  RungPlaces places{};
  RungPlaces use{};          // Slices of rooms in which somebody is, and everybody outside of a slice.
  int64_t empty_slices = 0;  // On RTC, perhaps: of rooms that were started and have nobody in them.
};

class ClassReplay {
 public:
  // Rooms come from the events, also those of other runs.
  ClassReplay(const std::vector<const ClassDayRecord*>& days, const ClassLimits& limits);

  struct Stay {
    StayView view;       // Newest.
    int64_t ticket = 0;  // Its place in the queue, once it has waited.
    int64_t placed = 0;  // When it got its place.
  };
  struct RoomState {
    ClassRoomView view;
    std::string product;
    int64_t present = 0;               // Not in the queue.
    int64_t staff = 0;                 // Of these.
    std::map<int, std::string> seats;  // Who sits where: join ids.
    std::map<int, std::map<int64_t, std::string>>
        lines;  // Join ids that wait, by line (1: for seats, 2: viewers) and ticket.
  };

  // The participants' events of all products, in the order in which they happened.
  const std::vector<const LiveEventView*>& events() const { return events_; }
  // Where the stay of an event stood before it; nullptr: it begins.
  const Stay* Find(const std::string& join_id) const;
  const RoomState* FindRoom(const std::string& room_id) const;
  // The level of a room, by the API's name of it.
  const LevelState* FindLevel(const std::string& room_id, const std::string& level) const;
  // Levels of a room, narrowest first.
  std::vector<const LevelState*> LevelsOf(const std::string& room_id) const;
  // Line of the queue in which somebody of a room would wait.
  int LineOf(const StayView& stay) const;
  // Takes the next event.
  void Apply(const LiveEventView& event);

 private:
  using Key = std::pair<std::string, std::string>;

  void AddRoom(const std::string& product, const ClassRoomView& room, const ClassLimits& limits);
  std::vector<Key> KeysOf(const RoomState& room) const;
  void Take(RoomState& room, const StayView& stay, int64_t sign);
  void Use(const RoomState& room, size_t rung, int64_t count);
  void Enter(RoomState& room, Stay& stay);
  void Leave(RoomState& room, Stay& stay);

  std::vector<const LiveEventView*> events_;
  std::map<std::string, RoomState> rooms_;
  std::map<std::string, Stay> stays_;  // By join id; those that go on.
  std::map<Key, LevelState> levels_;
};

}  // namespace trivium::schoolday
