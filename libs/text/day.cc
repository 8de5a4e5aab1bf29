#include "libs/text/day.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace trivium {

std::optional<absl::CivilDay> ParseDay(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::string digits = text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
  if (!std::ranges::all_of(digits, absl::ascii_isdigit)) return std::nullopt;
  const int number = std::stoi(digits);
  const absl::CivilDay day(number / 10000, number / 100 % 100, number % 100);
  // CivilDay normalises February 30 to March 2: what does not come back as it went in was no day.
  if (day.year() < 2000 || day.year() > 2999 || FormatDay(day) != text) return std::nullopt;
  return day;
}

std::string FormatDay(absl::CivilDay day) { return absl::FormatCivilTime(day); }

DayBounds BoundsOf(absl::CivilDay day, absl::TimeZone zone) {
  return {absl::FromCivil(day, zone), absl::FromCivil(day + 1, zone)};
}

}  // namespace trivium
