#include "libs/mysql/expand.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::mysql {
namespace {

constexpr std::string_view kTuples = "??*";

absl::StatusOr<std::string> TimeLiteral(absl::Time time) {
  const absl::CivilSecond second = absl::ToCivilSecond(time, absl::UTCTimeZone());
  // Also true of the infinities.
  if (second.year() < 1000 || second.year() > 9999) {
    return Error(absl::StatusCode::kInvalidArgument, "VALUE_REFUSED",
                 "time: " + absl::FormatTime(time) + ", want a year from 1000 to 9999");
  }
  return absl::FormatTime("'%Y-%m-%d %H:%M:%E6S'", time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<std::string> Literal(const Value& value, const EscapeString& escape) {
  if (const auto* number = std::get_if<int64_t>(&value)) return absl::StrCat(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return absl::StrCat("'", escape(*text), "'");
  if (const auto* blob = std::get_if<Blob>(&value)) return absl::StrCat("X'", absl::BytesToHexString(blob->bytes), "'");
  if (const auto* time = std::get_if<absl::Time>(&value)) return TimeLiteral(*time);
  return "NULL";
}

absl::StatusOr<std::string> Expand(std::string_view sql, const Values& parameters, const EscapeString& escape) {
  std::string text;
  size_t used = 0;
  for (const char c : sql) {
    if (c != '?') {
      text += c;
      continue;
    }
    if (used < parameters.size()) {
      TRIVIUM_ASSIGN_OR_RETURN(const std::string literal, Literal(parameters[used], escape));
      text += literal;
    }
    ++used;
  }
  if (used != parameters.size()) {
    return absl::InternalError(
        absl::StrCat("statement with ", used, " placeholders got ", parameters.size(), " values: ", std::string(sql)));
  }
  return text;
}

absl::StatusOr<std::vector<std::string>> ExpandMany(std::string_view sql, std::span<const Values> rows,
                                                    const EscapeString& escape, size_t bytes_max) {
  const size_t at = sql.find(kTuples);
  if (at == std::string_view::npos) {
    return absl::InternalError("statement of many rows: " + std::string(sql) + ", want \"??*\"");
  }
  const std::string head(sql.substr(0, at)), tail(sql.substr(at + kTuples.size()));
  std::vector<std::string> statements;
  std::string current;
  for (const Values& row : rows) {
    std::string tuple = "(";
    for (const Value& value : row) {
      TRIVIUM_ASSIGN_OR_RETURN(const std::string literal, Literal(value, escape));
      absl::StrAppend(&tuple, tuple.size() > 1 ? "," : "", literal);
    }
    tuple += ")";
    if (!current.empty() && current.size() + tuple.size() + tail.size() + 1 > bytes_max) {
      statements.push_back(current + tail);
      current.clear();
    }
    absl::StrAppend(&current, current.empty() ? head : ",", tuple);
  }
  if (!current.empty()) statements.push_back(current + tail);
  return statements;
}

}  // namespace trivium::mysql
