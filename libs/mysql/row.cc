#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "libs/mysql/mysql.h"

namespace trivium::mysql {

bool Row::IsNull(size_t column) const { return !cells_.at(column).has_value(); }

int64_t Row::Int(size_t column) const {
  int64_t number = 0;
  // DECIMAL, which SUM gives, has no fraction here.
  if (const auto& cell = cells_.at(column); cell.has_value()) (void)absl::SimpleAtoi(*cell, &number);
  return number;
}

const std::string& Row::Text(size_t column) const {
  static const std::string* const kEmpty = new std::string;
  const auto& cell = cells_.at(column);
  return cell.has_value() ? *cell : *kEmpty;
}

absl::Time Row::Time(size_t column) const {
  absl::Time time = absl::InfinitePast();
  const auto& cell = cells_.at(column);
  if (!cell.has_value()) return time;
  // DATETIME, and DATE without the rest.
  std::string ignored;
  if (!absl::ParseTime("%Y-%m-%d %H:%M:%E*S", *cell, &time, &ignored) &&
      !absl::ParseTime("%Y-%m-%d", *cell, &time, &ignored)) {
    return absl::InfinitePast();
  }
  return time;
}

Row Connection::MakeRow(std::vector<std::optional<std::string>> cells) {
  Row row;
  row.cells_ = std::move(cells);
  return row;
}

}  // namespace trivium::mysql
