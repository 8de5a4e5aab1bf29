// A command and its form on the wire.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace trivium::redis {

class Script;

inline constexpr size_t kMaxArguments = 100000;         // Of a command, its name included.
inline constexpr size_t kMaxCommandBytes = 64 << 20;    // All arguments of a command.
inline constexpr size_t kMaxPipeline = 10000;           // Commands of a batch.
inline constexpr size_t kMaxPipelineBytes = 256 << 20;  // All arguments of a batch.

//   client.Call({{"SET", key, value, "PX", "60000"}, kIdempotent}, deadline)
struct Command {
  std::vector<std::string> arguments;  // The name first; binary-safe.
  // Executing it twice does no harm: the client repeats it once when its answer was lost.
  bool idempotent = false;
  // Index of the argument whose slot routes the command in a cluster. 0, or none there: any master.
  size_t key = 1;
  const Script* script = nullptr;  // Set by Script::Call. Not owned; outlives this.

  std::string_view name() const { return arguments.empty() ? std::string_view() : arguments[0]; }
  // The routing key, or nullptr.
  const std::string* routing_key() const;
  // Bytes of all arguments.
  size_t bytes() const;
};

inline constexpr bool kIdempotent = true;

// INVALID_ARGUMENT FIELD_INVALID for an empty or too large command, and for one that would change the state of a
// connection that others use next, or block it (SUBSCRIBE, MULTI, BLPOP, ...).
absl::Status CheckCommand(const Command& command);

// Appends the command in RESP. full_script: as EVAL with its text.
void AppendCommand(const Command& command, bool full_script, std::string* wire);

}  // namespace trivium::redis
