// The command line of drill_load.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::drills {

struct DrillFlags {
  std::string home;                // .trv of a running platform.
  std::string product = "ketang";  // Whose backend and users it plays.
  int payments = 60;               // Per second.
  int clients = 300;               // Connections to the gateway, each a user.
  int messages = 5;                // RELIABLE and ORDERED ones each, per second, to the room of all clients.
  int students = 40;               // Who stay in a live class all the time.
  int calls = 20;                  // Per second through the gateway, and of pages of the console.
  std::string version;             // What is being brought in, for the report.
  std::string json;                // The report.
  std::string keep;                // Instead of a verdict: writes down what must be found later.
  std::string verify;              // Looks for that in the platform of `home`, and says what is there.
  // Of --verify, RFC 3339: when the backup was made, the restore begun, and the first payment answered.
  std::string backup_begin, backup_end, restore_begin, first_answer;
  std::string sums_before,
      sums_after;      // Of --verify: what sums.sql said of the platform that was backed up, and of this one.
  std::string broken;  // Of --verify: what others have found already, a sentence a line.
  std::string help;    // What --help prints, when it was asked for.
};

// INVALID_ARGUMENT in words.
absl::StatusOr<DrillFlags> ParseDrillFlags(const std::vector<std::string>& arguments);

}  // namespace trivium::drills
