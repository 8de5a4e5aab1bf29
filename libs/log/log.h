// Logs: one JSON line each, with time, level, service, product, trace_id, message and fields. No secrets, no personal
// data: protos are logged through Redacted(), which masks fields marked sensitive.
//
//   TRIVIUM_LOG(kInfo, "payment expired", {"payment_id", id}, {"age_s", 1800});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace trivium::log {

enum class Level { kDebug, kInfo, kWarning, kError };

// A named value of a line.
struct Field {
  Field(std::string_view name, std::string_view text) : name(name), value(text), quoted(true) {}
  Field(std::string_view name, const char* text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, const std::string& text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, absl::string_view text) : Field(name, std::string_view(text.data(), text.size())) {}
  Field(std::string_view name, bool value) : name(name), value(value ? "true" : "false"), quoted(false) {}
  template <typename T, std::enable_if_t<std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Field(std::string_view name, T number) : name(name), value(std::to_string(number)), quoted(false) {}
  Field(std::string_view name, const absl::Status& status) : name(name), value(status.ToString()), quoted(true) {}

  std::string name;
  std::string value;
  bool quoted;
};

struct Options {
  std::string service;            // "payment"; on each line.
  std::string instance;           // "payment-1"; on each line.
  std::string path;               // File to append to; empty: standard error, "-": standard output.
  uint64_t max_bytes = 64 << 20;  // Size at which the file is rotated to <path>.1, .2, ...
  int keep_files = 4;             // Rotated files that are kept, 0-100.
  Level level = Level::kInfo;     // Lowest level that is written.
};

// Sets up the process's log; before it, lines go to standard error. Call once, before threads. A file that cannot be
// opened is an error.
absl::Status Init(const Options& options);
// Changes the level while running. Thread-safe.
void SetLevel(Level level);
Level GetLevel();
// "debug", "info", "warning", "error"; INVALID_ARGUMENT otherwise is the caller's to say: returns false.
bool ParseLevel(std::string_view text, Level* level);
std::string_view LevelName(Level level);

// Writes a line. Thread-safe; one write(2) a line; a line is at most 16 KiB (longer values are cut and marked). A full
// disk loses lines, counts them (LinesLost) and never blocks or ends the process.
void Write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
uint64_t LinesLost();

// What the lines of this thread carry, until it goes out of scope; nests.
class ScopedContext {
 public:
  ScopedContext(std::string_view trace_id, std::string_view product);
  ~ScopedContext();
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;

 private:
  std::string previous_trace_id_, previous_product_;
};

// JSON of a message, with fields marked [(trivium.options.v1.sensitive) = true] (proto/trivium/options) as "***".
std::string Redacted(const google::protobuf::Message& message);

}  // namespace trivium::log

#define TRIVIUM_LOG(level, message, ...)                                           \
  do {                                                                             \
    if (::trivium::log::Level::level >= ::trivium::log::GetLevel()) {              \
      ::trivium::log::Write(::trivium::log::Level::level, message, {__VA_ARGS__}); \
    }                                                                              \
  } while (false)
