#include "tests/drills/timeline.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace trivium::drills {

absl::Status ReadMarks(std::istream& in, const std::function<absl::Time()>& now, Timeline* timeline) {
  timeline->begin = now();
  bool open = false;
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() == 4 && words[0] == "begin" && !open) {
      timeline->steps.push_back({words[1], words[2], words[3], now(), absl::InfiniteFuture()});
    } else if (line == "end" && open) {
      timeline->steps.back().end = now();
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("mark: '", line, "', want ", open ? "end" : "begin SERVICE INSTANCE VERSION"));
    }
    open = !open;
  }
  timeline->end = now();
  if (open) return absl::InvalidArgumentError(absl::StrCat("mark: ", timeline->steps.back().instance, " has no end"));
  return absl::OkStatus();
}

}  // namespace trivium::drills
