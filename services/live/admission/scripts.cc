#include "services/live/admission/scripts.h"

#include "services/live/admission/lua_parts.h"

namespace trivium::live {
namespace {

// "#!lua" lets Redis check before a script starts that it may write (memory, disk, role), so none ends half-way.
constexpr char kWrites[] = "#!lua\n";
constexpr char kReads[] = "#!lua flags=no-writes\n";

const redis::Script* NewWriter(const char* body, const char* between = "") {
  return new redis::Script(std::string(kWrites) + kStateLua + kPlacesLua + between + body);
}

}  // namespace

std::vector<std::string> CellKeys(const std::string& cell) {
  std::vector<std::string> keys;
  for (const char* name :
       {"meta", "levels", "rooms", "people", "roster", "leases", "queue", "turns", "bans", "changes", "none"}) {
    keys.push_back("live:{" + cell + "}:" + name);
  }
  return keys;
}

const redis::Script& BeginGenerationScript() {
  static const auto* const script = new redis::Script(std::string(kWrites) + kBeginGenerationLua);
  return *script;
}

const redis::Script& JoinScript() {
  static const redis::Script* const script = NewWriter(kJoinLua, kResumeLua);
  return *script;
}

const redis::Script& RenewScript() {
  static const redis::Script* const script = NewWriter(kRenewLua, kResumeLua);
  return *script;
}

const redis::Script& LeaveScript() {
  static const redis::Script* const script = NewWriter(kLeaveLua);
  return *script;
}

const redis::Script& CommandScript() {
  static const redis::Script* const script = NewWriter(kCommandLua);
  return *script;
}

const redis::Script& RoomScript() {
  static const redis::Script* const script = NewWriter(kRoomLua);
  return *script;
}

const redis::Script& CellScript() {
  static const redis::Script* const script = NewWriter(kCellLua);
  return *script;
}

const redis::Script& ReadScript() {
  static const auto* const script = new redis::Script(std::string(kReads) + kStateLua + kPlacesLua + kReadLua);
  return *script;
}

}  // namespace trivium::live
