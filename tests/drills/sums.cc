#include "tests/drills/sums.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace trivium::drills {

absl::StatusOr<std::vector<Sum>> ReadSums(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::vector<Sum> sums;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, '\t');
    Sum sum;
    if (words.size() != 3 || !absl::SimpleAtoi(words[1], &sum.rows)) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": '", line, "', want WHAT, ROWS and CHECKSUM"));
    }
    sum.what = words[0];
    sum.checksum = words[2];
    sums.push_back(std::move(sum));
  }
  if (sums.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": empty"));
  return sums;
}

std::vector<std::string> DifferencesOf(const std::vector<Sum>& before, const std::vector<Sum>& after) {
  std::vector<std::string> differences;
  for (const Sum& sum : before) {
    const auto there = std::find_if(after.begin(), after.end(), [&](const Sum& s) { return s.what == sum.what; });
    const Sum found = there == after.end() ? Sum{sum.what} : *there;
    if (found == sum) continue;
    differences.push_back(absl::StrCat(sum.what, ": ", sum.rows, " before the backup, ",
                                       found.rows == sum.rows ? "as many but others" : absl::StrCat(found.rows),
                                       " restored"));
  }
  return differences;
}

}  // namespace trivium::drills
