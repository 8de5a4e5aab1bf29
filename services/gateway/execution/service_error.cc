#include "services/gateway/execution/service_error.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/status/error.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr size_t kMaxMessage = 512;

absl::Status Of(const Command& command, Error error) { return error.With("command", command.name); }

std::string Message(const Command& command, std::string_view what) {
  return absl::StrCat("command ", command.name, ": ", ToAbsl(what));
}

}  // namespace

absl::Status ToClientError(const absl::Status& status, const Command& command) {
  if (!ReasonOf(status).empty()) return status;
  switch (status.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return Of(command, Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                               Message(command, "no answer in time; it may have been done all the same")));
    // Nobody cancels a call but a server that stops (docs/adr/0008).
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnavailable:
      return Of(command, Error(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE",
                               Message(command, "its service cannot be reached, want a retry")));
    case absl::StatusCode::kUnimplemented:
      return Of(command, Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_SERVED",
                               Message(command, "its service does not serve it")));
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnauthenticated:  // That is us, not the client.
      return Of(command, Error(absl::StatusCode::kInternal, "SERVICE_FAILED", Message(command, "its service failed")));
    default:
      return Of(command, Error(status.code(), absl::StatusCodeToString(status.code()),
                               Message(command, ToValidUtf8(Utf8Prefix(ToStd(status.message()), kMaxMessage)))));
  }
}

}  // namespace trivium::gateway
