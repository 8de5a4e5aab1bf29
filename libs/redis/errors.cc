#include "libs/redis/errors.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::redis {
namespace {

constexpr absl::Duration kRetryAfter = absl::Milliseconds(200);
// The server's words may carry a key or an argument; so much of them is enough to know what went wrong.
constexpr size_t kMaxWords = 200;

// UNAVAILABLE and RESOURCE_EXHAUSTED: not executed, try again.
Error SlotMoving(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_SLOT_MOVING", text).RetryAfter(kRetryAfter);
}
Error ClusterDown(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_CLUSTER_DOWN", text).RetryAfter(kRetryAfter);
}
Error Loading(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_LOADING", text).RetryAfter(kRetryAfter);
}
Error ReadOnly(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_READ_ONLY", text).RetryAfter(kRetryAfter);
}
Error WritesRefused(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_WRITES_REFUSED", text).RetryAfter(kRetryAfter);
}
Error Busy(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_BUSY", text).RetryAfter(kRetryAfter);
}
Error Unavailable(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE", text).RetryAfter(kRetryAfter);
}
Error OutOfMemory(std::string_view text) {
  return Error(absl::StatusCode::kResourceExhausted, "REDIS_OUT_OF_MEMORY", text);
}
Error AccessDenied(std::string_view text) { return Error(absl::StatusCode::kInternal, "REDIS_ACCESS_DENIED", text); }
Error CrossSlot(std::string_view text) { return Error(absl::StatusCode::kInvalidArgument, "REDIS_CROSS_SLOT", text); }
Error WrongType(std::string_view text) {
  return Error(absl::StatusCode::kFailedPrecondition, "REDIS_WRONG_TYPE", text);
}
Error Other(std::string_view text) { return Error(absl::StatusCode::kInternal, "REDIS_ERROR", text); }

using ErrorOf = Error (*)(std::string_view text);
struct Meaning {
  std::string_view code;  // First word of the reply.
  ErrorOf error;
};

// MOVED, ASK and NOSCRIPT are followed and come here only when they do not end.
constexpr Meaning kMeanings[] = {
    {"MOVED", SlotMoving},         {"ASK", SlotMoving},      {"TRYAGAIN", SlotMoving}, {"CLUSTERDOWN", ClusterDown},
    {"LOADING", Loading},          {"READONLY", ReadOnly},   {"MASTERDOWN", ReadOnly}, {"MISCONF", WritesRefused},
    {"NOREPLICAS", WritesRefused}, {"BUSY", Busy},           {"OOM", OutOfMemory},     {"NOAUTH", AccessDenied},
    {"WRONGPASS", AccessDenied},   {"NOPERM", AccessDenied}, {"DENIED", AccessDenied},  // DENIED: protected mode.
    {"CROSSSLOT", CrossSlot},      {"WRONGTYPE", WrongType},
};
constexpr std::string_view kScriptCut = "ERR Script attempted to access a non local key";
constexpr std::string_view kTooManyClients = "ERR max number of clients";

ErrorOf MeaningOf(std::string_view text) {
  // The only passing error that has no word of its own.
  if (text.starts_with(kTooManyClients)) return Unavailable;
  for (const Meaning& meaning : kMeanings) {
    if (meaning.code == ErrorCode(text)) return meaning.error;
  }
  return Other;
}

}  // namespace

std::string_view ErrorCode(std::string_view text) { return text.substr(0, text.find(' ')); }

absl::Status ServerError(std::string_view text) {
  return MeaningOf(text)(absl::StrCat("redis: ", ToAbsl(text.substr(0, kMaxWords))))
      .With("redis_code", ErrorCode(text));
}

bool IsScriptCut(std::string_view text) { return text.starts_with(kScriptCut); }

absl::Status OutcomeUnknown(std::string_view node, std::string_view why) {
  return Error(absl::StatusCode::kUnknown, "REDIS_OUTCOME_UNKNOWN",
               absl::StrCat("redis ", ToAbsl(node), ": ", ToAbsl(why), "; the command may have been executed"))
      .With("node", node);
}

absl::Status NotExecuted(std::string_view node, std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE",
               absl::StrCat("redis ", ToAbsl(node), ": ", ToAbsl(why), "; not executed"))
      .With("node", node)
      .RetryAfter(kRetryAfter);
}

absl::Status TooLate() {
  return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
               "redis: the call's time is over; the command was not sent");
}

bool IsOutcomeUnknown(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnknown && ReasonOf(status) == "REDIS_OUTCOME_UNKNOWN";
}

std::optional<Redirection> ParseRedirection(std::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(ToAbsl(text), ' ');
  Redirection found;
  if (words.size() < 3 || !absl::SimpleAtoi(words[1], &found.slot)) return std::nullopt;
  if (found.slot < 0 || found.slot >= kSlots || words[2].find(':') == std::string::npos) return std::nullopt;
  found.node = words[2];
  return found;
}

}  // namespace trivium::redis
