// Business days 业务日: calendar days in a product's time zone.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace trivium {

struct DayBounds {
  absl::Time start;  // Inclusive.
  absl::Time end;    // Exclusive; 23 or 25 hours later when clocks change.
};

// "2026-11-22" as a day; nullopt when it is none ("2026-02-30" is none) or lies outside the years 2000-2999.
std::optional<absl::CivilDay> ParseDay(const std::string& text);
std::string FormatDay(absl::CivilDay day);
DayBounds BoundsOf(absl::CivilDay day, absl::TimeZone zone);

}  // namespace trivium
