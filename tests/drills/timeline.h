// What was replaced when: marks on standard input, from who does it.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace trivium::drills {

struct Step {
  std::string service, instance, version;  // The version that comes in.
  absl::Time begin, end;
};

struct Timeline {
  absl::Time begin;  // Of the load: calm until the first step.
  absl::Time end;
  std::vector<Step> steps;
};

// Reads "begin SERVICE INSTANCE VERSION", "end" until the end of the stream. INVALID_ARGUMENT for anything else.
absl::Status ReadMarks(std::istream& in, const std::function<absl::Time()>& now, Timeline* timeline);

}  // namespace trivium::drills
