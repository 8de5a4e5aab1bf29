// The JSON form of the protocol's messages, by their descriptors: field names as in the .proto, 64-bit integers as
// numbers, and a `bytes` field as any JSON value directly, which stays the text that it is.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/text/json_scanner.h"

namespace google::protobuf {
class Message;
}

namespace trivium::protocol {

// Reads the object that comes next into message, which must be empty. Unknown names are skipped, a null leaves its
// field unset (in a `bytes` field it is the payload "null"). False after an error of the scanner: wrong type, number
// out of range, a known name given twice.
bool ReadJsonMessage(JsonScanner& scanner, google::protobuf::Message* message);

// INVALID_ARGUMENT when text is not exactly one JSON value.
absl::Status CheckJson(std::string_view text, int max_depth);

// Appends message as one line of JSON: line breaks inside payloads, which JSON has only as white space, become spaces.
// INVALID_ARGUMENT "Publication.data: ..." when a payload is not JSON; then json has a part of the message.
absl::Status AppendJsonMessage(const google::protobuf::Message& message, int max_depth, std::string* json);

}  // namespace trivium::protocol
