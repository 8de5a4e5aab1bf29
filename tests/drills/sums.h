// What a database held at a moment, in few words: sums.sql of the platform that was backed up, and of the restored one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::drills {

// Rows of one kind that were made before the moment. They may not change afterwards, but for columns that the checksum
// leaves out.
struct Sum {
  std::string what;
  int64_t rows = 0;
  std::string checksum;
  friend bool operator==(const Sum&, const Sum&) = default;
};

// Lines "WHAT<tab>ROWS<tab>CHECKSUM". NOT_FOUND; INVALID_ARGUMENT for other lines, or none.
absl::StatusOr<std::vector<Sum>> ReadSums(const std::string& path);

// A sentence for each kind that is not the same in both.
std::vector<std::string> DifferencesOf(const std::vector<Sum>& before, const std::vector<Sum>& after);

}  // namespace trivium::drills
