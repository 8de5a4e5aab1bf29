// What each role may do, as one table. Numbers of roles: services/live/admission/place.h.
#pragma once

#include <optional>
#include <string_view>

#include "services/live/admission/place.h"

namespace trivium::live {

struct RoleRights {
  Role role;
  std::string_view name;  // In grants: "teacher".
  bool moderates;         // Moves, mutes and removes students and observers of its room.
  bool always_sends;      // Sends media wherever it stands; else only from a seat or the stage.
  bool may_be_seated;     // Has a seat in a small class, may go on the stage of a large one.
  bool may_be_moderated_by_staff;
};

inline constexpr RoleRights kRoleRights[] = {
    {Role::kTeacher, "teacher", true, true, false, false},
    {Role::kAssistant, "assistant", true, true, false, false},
    {Role::kStudent, "student", false, false, true, true},
    {Role::kObserver, "observer", false, false, false, true},
};

constexpr const RoleRights& RightsOf(Role role) { return kRoleRights[static_cast<int>(role) - 1]; }

constexpr std::optional<Role> RoleNamed(std::string_view name) {
  for (const RoleRights& rights : kRoleRights) {
    if (rights.name == name) return rights.role;
  }
  return std::nullopt;
}

// Whether a participant may send media now.
constexpr bool MaySend(Role role, int seat) { return RightsOf(role).always_sends || seat > 0; }

}  // namespace trivium::live
