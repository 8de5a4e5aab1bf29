#include "services/gateway/session/client_error.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/client_protocol/codes.h"
#include "libs/status/error.h"
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

constexpr absl::StatusCode kApplicationErrors[] = {
    absl::StatusCode::kInvalidArgument,    absl::StatusCode::kNotFound, absl::StatusCode::kAlreadyExists,
    absl::StatusCode::kFailedPrecondition, absl::StatusCode::kAborted,  absl::StatusCode::kOutOfRange,
};

// "REASON: message" of a status that has a reason.
std::string MessageOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  const std::string message = ToValidUtf8(ToStd(status.message()));
  return reason.empty() ? message : absl::StrCat(reason, ": ", message);
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
  for (const absl::StatusCode code : kApplicationErrors) {
    if (code != status.code()) continue;
    return MakeError(kMinApplicationCode + static_cast<uint32_t>(code), code == absl::StatusCode::kAborted,
                     MessageOf(status));
  }
  return MapError(kRpcErrors, status);
}

}  // namespace trivium::protocol
