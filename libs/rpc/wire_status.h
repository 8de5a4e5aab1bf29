// Errors on the wire: absl::Status with google.rpc details (libs/status/error.h) <-> grpc::Status with
// grpc-status-details-bin.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace grpc {
class Status;
}

namespace trivium::rpc {

// To the wire: code, message and google.rpc details, with RequestInfo{trace id}; a status without ErrorInfo gets one
// whose reason is its code's name. Codes that are not for users (INTERNAL, UNKNOWN, DATA_LOSS, UNAVAILABLE from below,
// without ErrorInfo) keep their message out of the answer and in the log. Trailers are limited to 8 KiB by stock peers:
// the message is cut at 512 bytes, and details that would not fit lose their last field violations.
grpc::Status ToGrpcStatus(const absl::Status& status, std::string_view trace_id);
// From the wire, details included.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace trivium::rpc
