// What Redis's error replies and lost connections mean to us.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trivium::redis {

// The status of an error reply ("WRONGTYPE Operation against ..."), by its first word: errors.cc has the table.
// ErrorInfo.metadata["redis_code"] is that word.
absl::Status ServerError(std::string_view text);

// The command may or may not have been executed: UNKNOWN REDIS_OUTCOME_UNKNOWN. why: "time-out", "connection lost".
// Whether the server ended a script half-way, because a key that it touched does not exist in a slot that moves.
bool IsScriptCut(std::string_view text);
absl::Status OutcomeUnknown(std::string_view node, std::string_view why);
// The command was surely not executed: UNAVAILABLE REDIS_UNAVAILABLE.
absl::Status NotExecuted(std::string_view node, std::string_view why);
// The call's time was over before the command was sent: DEADLINE_EXCEEDED.
absl::Status TooLate();

// First word of an error reply: "MOVED".
std::string_view ErrorCode(std::string_view text);

// "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381".
struct Redirection {
  int slot = 0;
  std::string node;  // "host:port"; "" in front of the colon: the host that answered.
};
// Nothing when the text is not of that form.
std::optional<Redirection> ParseRedirection(std::string_view text);

}  // namespace trivium::redis
