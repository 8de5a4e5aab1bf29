#include "services/gateway/session/client_error.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/client_protocol/codes.h"
#include "libs/status/error.h"
#include "libs/status/retry_after.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::protocol {
namespace {

struct Mapping {
  absl::StatusCode status;
  ErrorCode error;
};

// Codes that are not listed are kInternal.
constexpr Mapping kChannelErrors[] = {
    {absl::StatusCode::kInvalidArgument, ErrorCode::kBadRequest},
    {absl::StatusCode::kNotFound, ErrorCode::kUnknownChannel},
    {absl::StatusCode::kPermissionDenied, ErrorCode::kPermissionDenied},
    {absl::StatusCode::kUnauthenticated, ErrorCode::kUnauthorized},
    {absl::StatusCode::kResourceExhausted, ErrorCode::kTooManyRequests},
    {absl::StatusCode::kFailedPrecondition, ErrorCode::kNotAvailable},
    {absl::StatusCode::kUnimplemented, ErrorCode::kNotAvailable},
    {absl::StatusCode::kOutOfRange, ErrorCode::kUnrecoverablePosition},
};

constexpr Mapping kRpcErrors[] = {
    {absl::StatusCode::kPermissionDenied, ErrorCode::kPermissionDenied},
    {absl::StatusCode::kUnauthenticated, ErrorCode::kUnauthorized},
    {absl::StatusCode::kResourceExhausted, ErrorCode::kTooManyRequests},
    {absl::StatusCode::kUnimplemented, ErrorCode::kMethodNotFound},
};

struct ApplicationError {
  absl::StatusCode status;
  bool temporary;
  // Without a reason its words are gRPC's or a library's, about us: then it is 100.
  bool by_reason_only = false;
};

constexpr ApplicationError kApplicationErrors[] = {
    {absl::StatusCode::kInvalidArgument, false},
    {absl::StatusCode::kNotFound, false},
    {absl::StatusCode::kAlreadyExists, false},
    {absl::StatusCode::kFailedPrecondition, false},
    {absl::StatusCode::kAborted, true},
    {absl::StatusCode::kOutOfRange, false},
    {absl::StatusCode::kDeadlineExceeded, true, true},
    {absl::StatusCode::kInternal, true, true},
    {absl::StatusCode::kUnavailable, true, true},
};

// "REASON: message (retry after 1500 ms)", as far as the status has them: the protocol's error has no other room.
std::string MessageOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  const absl::Duration wait = RetryAfterOf(status);
  std::string message = ToValidUtf8(ToStd(status.message()));
  if (!reason.empty()) message = absl::StrCat(reason, ": ", message);
  if (wait > absl::ZeroDuration()) {
    const absl::Duration whole = absl::Ceil(wait, absl::Milliseconds(1));
    absl::StrAppend(&message, " (retry after ", absl::ToInt64Milliseconds(whole), " ms)");
  }
  return message;
}

Error MakeError(uint32_t code, bool temporary, std::string message) {
  Error error;
  error.set_code(code);
  error.set_temporary(temporary);
  error.set_message(std::move(message));
  return error;
}

template <int n>
Error MapError(const Mapping (&table)[n], const absl::Status& status) {
  for (const Mapping& row : table) {
    if (row.status != status.code()) continue;
    return MakeError(static_cast<uint32_t>(row.error), TextOf(row.error).temporary, MessageOf(status));
  }
  const ErrorText& internal = TextOf(ErrorCode::kInternal);
  return MakeError(static_cast<uint32_t>(internal.code), internal.temporary, std::string(internal.text));
}

}  // namespace

Error ChannelError(const absl::Status& status) { return MapError(kChannelErrors, status); }

Error RpcError(const absl::Status& status) {
  for (const ApplicationError& row : kApplicationErrors) {
    if (row.status != status.code() || (row.by_reason_only && ReasonOf(status).empty())) continue;
    return MakeError(kMinApplicationCode + static_cast<uint32_t>(row.status), row.temporary, MessageOf(status));
  }
  return MapError(kRpcErrors, status);
}

}  // namespace trivium::protocol
