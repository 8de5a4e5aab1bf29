// Client-side parameters: the text of a statement with its values written in as literals.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/mysql/mysql.h"

namespace trivium::mysql {

// Escapes the inside of a '...' literal by the connection's character set and mode.
using EscapeString = std::function<std::string(const std::string&)>;

// Upper bound of one statement of ExecuteMany, unless a single tuple is longer.
inline constexpr size_t kStatementBytesMax = 1 << 20;

// The literal of a value: NULL, -7, 'it\'s', X'00ff', '2026-11-22 09:00:00.000000'. INVALID_ARGUMENT for a time that
// DATETIME cannot hold.
absl::StatusOr<std::string> Literal(const Value& value, const EscapeString& escape);

// sql with each "?" replaced, in order. INTERNAL when their numbers differ.
absl::StatusOr<std::string> Expand(std::string_view sql, const Values& parameters, const EscapeString& escape);

// The statements of ExecuteMany.
absl::StatusOr<std::vector<std::string>> ExpandMany(std::string_view sql, std::span<const Values> rows,
                                                    const EscapeString& escape, size_t bytes_max = kStatementBytesMax);

}  // namespace trivium::mysql
