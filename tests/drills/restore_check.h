// Looks in a restored platform for what was kept.
#pragma once

#include "absl/status/statusor.h"
#include "tests/drills/flags.h"

namespace trivium::drills {

// Prints what is there; whether all is that must be.
absl::StatusOr<bool> CheckRestored(const DrillFlags& flags);

}  // namespace trivium::drills
