// JSON to and from protos, with two conveniences: a request may come from a file, and a google.protobuf.Any from a YAML
// file of its message.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Message;
}

namespace trivium::call {

// The request's text: argument itself, the content of FILE for "@FILE", standard input for "-".
absl::StatusOr<std::string> ReadRequest(const std::string& argument);
// Fills message. In the JSON a string "@trivium.common.v1.ProductProfile:FILE" stands for that message, read from a
// YAML file, as an Any. INVALID_ARGUMENT with the field.
absl::Status FromJson(const std::string& json, google::protobuf::Message* message);
// Camel case, as the proto3 JSON mapping has it; one line when compact.
std::string ToJson(const google::protobuf::Message& message, bool compact);

}  // namespace trivium::call
