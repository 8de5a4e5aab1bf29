// A config without its secrets, for /config.
#pragma once

namespace google::protobuf {
class Message;
}

namespace trivium::server {

// Replaces every field marked [(trivium.options.v1.sensitive) = true] that is set: strings and bytes by "***", anything
// else by its default.
void Redact(google::protobuf::Message* message);

}  // namespace trivium::server
