// One scalar of YAML into one field of a message.
#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace trivium::config {

// text: the scalar as written; quoted: whether it stood in quotes, which only text and durations may.
// Sets a singular field, or adds to a repeated one. Returns "" or what is wrong: "'x', want a number".
std::string SetScalar(std::string_view text, bool quoted, const google::protobuf::FieldDescriptor& field,
                      google::protobuf::Message* message);

// Replaces ${NAME} by the environment's value and ${file:/PATH} by the file's text; "$${" stands for "${". Returns "" or
// what is wrong.
std::string Expand(std::string_view text, std::string* expanded);

}  // namespace trivium::config
