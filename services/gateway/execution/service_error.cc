#include "services/gateway/execution/service_error.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/status/error.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr size_t kMaxMessage = 512;

Error About(const Command& command, absl::StatusCode code, std::string_view reason, std::string_view what) {
  Error error(code, reason, absl::StrCat("command ", command.name, ": ", ToAbsl(what)));
  error.With("command", command.name);
  return error;
}

}  // namespace

absl::Status ToClientError(const absl::Status& status, const Command& command) {
  if (!ReasonOf(status).empty()) return status;
  switch (status.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return About(command, status.code(), "DEADLINE_EXCEEDED",
                   "no answer in time; it may have been done all the same");
    // Nobody cancels a call but a server that stops (docs/adr/0008).
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnavailable:
      return About(command, absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE",
                   "its service cannot be reached, want a retry");
    case absl::StatusCode::kUnimplemented:
      return About(command, status.code(), "METHOD_NOT_SERVED", "its service does not serve it");
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnauthenticated:  // That is us, not the client.
      return About(command, absl::StatusCode::kInternal, "SERVICE_FAILED", "its service failed");
    default:
      return About(command, status.code(), absl::StatusCodeToString(status.code()),
                   ToValidUtf8(Utf8Prefix(ToStd(status.message()), kMaxMessage)));
  }
}

}  // namespace trivium::gateway
