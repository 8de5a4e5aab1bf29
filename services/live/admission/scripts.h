// The scripts of admission, each one step (or one for each item of a batch). Their keys are CellKeys; what they take
// and answer stands at the head of their file in lua/.
#pragma once

#include <string>
#include <vector>

#include "libs/redis/script.h"

namespace trivium::live {

// All keys of a cell, in the order in which every script takes them; all in one slot. The last is the stream of
// changes.
std::vector<std::string> CellKeys(const std::string& cell);

const redis::Script& BeginGenerationScript();
const redis::Script& JoinScript();
const redis::Script& RenewScript();
const redis::Script& LeaveScript();
const redis::Script& CommandScript();
const redis::Script& RoomScript();
const redis::Script& CellScript();
const redis::Script& ReadScript();

}  // namespace trivium::live
