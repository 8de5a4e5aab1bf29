// Checks of numbers and times that several kinds share.
#pragma once

#include <google/protobuf/duration.pb.h>

#include <cstdint>
#include <string>

#include "services/control/kinds/kind.h"

namespace trivium::control {

inline void CheckRange(const std::string& field, int64_t value, int64_t low, int64_t high, Violations* out) {
  if (value >= low && value <= high) return;
  out->emplace_back(field, std::to_string(value) + ", want " + std::to_string(low) + " to " + std::to_string(high));
}

inline void CheckSeconds(const std::string& field, const google::protobuf::Duration& value, int64_t low, int64_t high,
                         Violations* out) {
  const bool in_range = value.nanos() >= 0 && value.nanos() < 1'000'000'000 && value.seconds() >= low &&
                        (value.seconds() < high || (value.seconds() == high && value.nanos() == 0));
  if (in_range) return;
  out->emplace_back(field, std::to_string(value.seconds()) + " s, want " + std::to_string(low) + " s to " +
                               std::to_string(high) + " s");
}

}  // namespace trivium::control
