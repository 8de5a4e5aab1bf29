// Config: one proto message per binary, read from YAML.
//
// Field names in snake_case as in the proto; durations as "30s", "200ms", "1h"; enums by name; bytes sizes as integers.
// Defaults are what the message holds before Parse. An unknown field, a wrong type or a number out of range is
// INVALID_ARGUMENT "<file>:<line>: payment.max_conections: unknown field, want max_connections". "${NAME}" in a string
// is replaced from the environment (unset: an error), "${file:/run/secrets/x}" by what the file holds without the newline
// at its end (no file, an empty one: an error).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace trivium::config {

// Merges YAML into a message. source: for errors, the file's name.
absl::Status ParseYaml(std::string_view yaml, std::string_view source, google::protobuf::Message* message);
absl::Status ReadYamlFile(const std::string& path, google::protobuf::Message* message);
// YAML of a message with every field, and each field's proto comment above it when `descriptors`, a serialized
// FileDescriptorSet with source info, has it.
std::string PrintYaml(const google::protobuf::Message& message, std::string_view descriptors = {});
// OK when only fields marked [(trivium.options.v1.reloadable) = true] differ; else INVALID_ARGUMENT with their names.
absl::Status CheckReload(const google::protobuf::Message& before, const google::protobuf::Message& after);
// The candidate nearest to word (Levenshtein distance at most a third of its length), or "".
std::string NearestName(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace trivium::config
