// The scripts of admission, each one step (or one for each item of a batch). Their keys are CellKeys; what they take
// and answer stands at the head of their file in lua/.
#pragma once

#include <string>
#include <vector>

#include "libs/redis/script.h"

namespace trivium::live {

// All keys of a cell, in the order in which every script takes them; all in one slot. The last never exists: Redis
// answers TRYAGAIN to a command on several keys of a moving slot when one is missing, so no step runs there. With all
// ten there it would, and end half-way where it touches a key that it has just emptied.
std::vector<std::string> CellKeys(const std::string& cell);
inline constexpr size_t kChangesKey = 9;  // Of CellKeys: the stream of changes.

const redis::Script& BeginGenerationScript();
const redis::Script& JoinScript();
const redis::Script& RenewScript();
const redis::Script& LeaveScript();
const redis::Script& CommandScript();
const redis::Script& RoomScript();
const redis::Script& CellScript();
const redis::Script& ReadScript();

}  // namespace trivium::live
