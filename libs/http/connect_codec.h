// The parts of a Connect call, as pure functions of bytes from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace google::protobuf {
class Message;
}

namespace trivium::http {

enum class ConnectCodec { kJson, kProto };

// Longest message after decompression; RESOURCE_EXHAUSTED above.
inline constexpr size_t kMaxConnectMessage = 4 << 20;

// "application/json", with charset=utf-8 or without, and "application/proto". Nothing for others: 415.
std::optional<ConnectCodec> ParseConnectContentType(std::string_view content_type);
std::string_view ConnectContentType(ConnectCodec codec);

// connect-timeout-ms: at most ten digits. An infinite duration when absent (""). INVALID_ARGUMENT otherwise.
absl::StatusOr<absl::Duration> ParseConnectTimeout(std::string_view text);

// connect-protocol-version: "" or "1", else INVALID_ARGUMENT.
absl::Status CheckConnectVersion(std::string_view version);

// Whether an accept-encoding list has gzip. A weight of 0 excludes it.
bool AcceptsGzip(std::string_view accept_encoding);

// content-encoding: whether it is gzip; false for "" and identity. UNIMPLEMENTED for others, with those that are
// supported.
absl::StatusOr<bool> ParseConnectEncoding(std::string_view content_encoding);

// body under content-encoding "", identity or gzip; UNIMPLEMENTED for others, with those that are supported. An empty
// body is never decompressed.
absl::StatusOr<std::string> DecodeConnectBody(std::string_view content_encoding, std::string body);

// INVALID_ARGUMENT for bytes that are no such message.
absl::Status ParseConnectMessage(ConnectCodec codec, std::string_view bytes, google::protobuf::Message* message);
// JSON in the canonical mapping: 64-bit integers are strings, fields with default values are left out. INTERNAL when it
// can't be written.
absl::StatusOr<std::string> FormatConnectMessage(ConnectCodec codec, const google::protobuf::Message& message);

// {"code":"not_found","message":"...","details":[{"type":"google.rpc.ErrorInfo","value":"<unpadded
// base64>","debug":{...}}]}
std::string FormatConnectError(const absl::Status& status);
// The HTTP status of a code.
int ConnectHttpStatus(absl::StatusCode code);

}  // namespace trivium::http
