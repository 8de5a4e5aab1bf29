#include "services/live/admission/memory_state.h"

#include <algorithm>

namespace trivium::live {

int64_t MemoryRoom::On(Rung rung) const {
  return std::count_if(people.begin(), people.end(), [&](const auto& p) { return p.second.place.rung == rung; });
}

int64_t MemoryRoom::Use(Rung rung) const {
  return rung == Rung::kRtc ? On(rung) - InSlice() + limits.staff_slots : On(rung);
}

int64_t MemoryRoom::InSlice() const {
  return std::count_if(people.begin(), people.end(), [](const auto& p) { return p.second.place.slice; });
}

bool MemoryRoom::TeacherInSlice() const {
  return std::any_of(people.begin(), people.end(),
                     [](const auto& p) { return p.second.place.slice && p.second.place.role == Role::kTeacher; });
}

bool MemoryRoom::SliceOpen(Role role) const {
  const int64_t free = limits.staff_slots - InSlice();
  return free > 1 || (free == 1 && (role == Role::kTeacher || TeacherInSlice()));
}

const std::string* MemoryRoom::HolderOf(int seat) const {
  for (const auto& [user, person] : people) {
    if (person.place.seat == seat) return &user;
  }
  return nullptr;
}

int MemoryRoom::FreeSeat(int count) const {
  for (int seat = 1; seat <= count; ++seat) {
    if (HolderOf(seat) == nullptr) return seat;
  }
  return 0;
}

int64_t MemoryRoom::FreeSeats() const {
  int64_t free = 0;
  for (int seat = 1; seat <= limits.seats; ++seat) free += HolderOf(seat) == nullptr ? 1 : 0;
  return free;
}

std::set<std::pair<int64_t, std::string>> MemoryRoom::Line(bool for_seats) const {
  std::set<std::pair<int64_t, std::string>> line;
  for (const auto& [user, person] : people) {
    if (person.place.rung == Rung::kWaiting && NeedsSeat(person.place.role) == for_seats) {
      line.emplace(person.place.ticket, user);
    }
  }
  return line;
}

int64_t MemoryState::Use(const LevelName& level, Rung rung) const {
  int64_t use = 0;
  for (const auto& [id, room] : rooms) {
    const std::vector<LevelName> levels = LevelsAbove(room.id.product, room.institution, room.node);
    if (std::find(levels.begin(), levels.end(), level) != levels.end()) use += room.Use(rung);
  }
  return use;
}

const PerRung* MemoryState::CapacityOf(const LevelName& level) const {
  const auto found = capacities.find({level.level, level.product, level.name});
  return found == capacities.end() ? nullptr : &found->second;
}

void MemoryState::SetCapacity(const LevelName& level, const PerRung& places) {
  capacities[{level.level, level.product, level.name}] = places;
}

void MemoryState::EraseRoom(Id id) {
  const auto found = rooms.find(id);
  const std::string product = found->second.id.product, institution = found->second.institution;
  rooms.erase(found);
  const bool others = std::any_of(rooms.begin(), rooms.end(), [&](const auto& room) {
    return room.second.id.product == product && room.second.institution == institution;
  });
  if (!others) capacities.erase({Level::kInstitution, product, institution});
}

std::optional<Level> MemoryState::FullLevel(const MemoryRoom& room, Rung rung, int64_t count) const {
  if (room.Use(rung) + count > room.limits.places[Index(rung)]) return Level::kRoom;
  for (const LevelName& level : LevelsAbove(room.id.product, room.institution, room.node)) {
    if (Use(level, rung) + count > (*CapacityOf(level))[Index(rung)]) return level.level;
  }
  return std::nullopt;
}

std::vector<LevelName> LevelsAbove(const std::string& product, const std::string& institution,
                                   const std::string& node) {
  std::vector<LevelName> levels = {{Level::kNode, "", node}};
  if (!institution.empty()) levels.push_back({Level::kInstitution, product, institution});
  levels.push_back({Level::kProduct, product, ""});
  levels.push_back({Level::kPlatform, "", ""});
  return levels;
}

}  // namespace trivium::live
