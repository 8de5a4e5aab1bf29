// Rules of versioned config items: which version comes next, and who gets it. Pure; values are opaque bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace trivium::control::domain {

struct ConfigItem {
  std::string kind, name;
  int64_t version = 0;
  std::string type_url, value;  // A google.protobuf.Any in two parts.
  int32_t percentage = 100;     // Of keys that get value; the others get previous_value.
  std::string previous_value;   // Of the same type; empty at 100 %.
  std::string actor, reason;
  absl::Time create_time = absl::UnixEpoch();
  int64_t revision = 0;  // Place among all publishes of all items; the store's.

  bool operator==(const ConfigItem&) const = default;
};

struct Publication {
  std::string kind, name, type_url, value;
  int32_t percentage = 100;      // 1-100.
  int64_t expected_version = 0;  // 0: any; -1: there must be none.
  std::string actor, reason;
};

enum class PublishProblem { kNone, kVersionConflict, kNothingToKeep };

// Whether a publication may follow newest (nullptr: there is none). kNothingToKeep: a percentage below 100 needs an
// earlier version.
PublishProblem CheckPublication(const Publication& publication, const ConfigItem* newest);
// The version that follows. Below 100 % the other keys keep the newest value, or, while a release is under way, the
// value from before it.
ConfigItem NextVersion(const Publication& publication, const ConfigItem* newest, absl::Time now);

}  // namespace trivium::control::domain
