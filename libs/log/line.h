// How a log line looks.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "libs/log/log.h"

namespace trivium::log {

// Longest line, its newline included.
inline constexpr size_t kLineMax = 16 << 10;

// What a line says besides its message and fields.
struct Head {
  absl::Time time;
  Level level = Level::kInfo;
  std::string_view service, instance, product, trace_id;
};

// One JSON object and a newline, at most kLineMax bytes: longer values end with "...(cut, N bytes)", and fields that do
// not fit are left out and counted in "fields_cut". Bytes that are not UTF-8 become U+FFFD.
std::string FormatLine(const Head& head, std::string_view message, std::initializer_list<Field> fields);

}  // namespace trivium::log
