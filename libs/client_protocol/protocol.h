// Frames of the client protocol: commands in, replies and pushes out, in two forms.
//
// Payloads (`bytes` fields) are never parsed into a tree or changed on their way in: a JSON client's value arrives as
// its JSON text, a Protobuf client's bytes as they are, and both go out to Protobuf clients as they are. To JSON
// clients only JSON can go: a payload that is none is an error of the encoder, since base64 in its place would look
// like a string that somebody sent.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/client_protocol/client_protocol.pb.h"
#include "libs/client_protocol/codes.h"

namespace trivium::protocol {

enum class Form {
  kJson,      // Objects separated by line breaks, in text frames.
  kProtobuf,  // Messages preceded by their length as a varint, in binary frames.
};

// The WebSocket subprotocol that asks for a form, and back; nullptr for one that we don't speak. No subprotocol means
// JSON.
inline constexpr std::string_view kJsonSubprotocol = "centrifuge-json", kProtobufSubprotocol = "centrifuge-protobuf";
const Form* FormOfSubprotocol(std::string_view subprotocol);

struct FrameLimits {
  size_t commands_max = 256;            // In one frame, at least 1.
  size_t command_bytes_max = 64 << 10;  // Of one command, encoded.
  int depth_max = 64;  // Nested arrays and objects of a JSON command, its own included; and of a payload.
};

// The commands of one frame, in order. INVALID_ARGUMENT for a frame that has none, is not of the form, or exceeds a
// limit: the connection is then closed with 3501. Commands are well-formed, but nothing else is checked.
absl::StatusOr<std::vector<Command>> DecodeCommands(Form form, std::string_view frame, const FrameLimits& limits = {});
// As above for what a server sends: for clients written in C++, and tests. A ping is an empty Reply.
absl::StatusOr<std::vector<Reply>> DecodeReplies(Form form, std::string_view frame, const FrameLimits& limits = {});

// One encoded message, for any number of connections of its form.
using SharedBytes = std::shared_ptr<const std::string>;

// INVALID_ARGUMENT for the JSON form when a payload is not JSON.
absl::StatusOr<std::string> EncodeReply(const Reply& reply, Form form);
absl::StatusOr<SharedBytes> EncodePush(const Push& push, Form form);
absl::StatusOr<std::string> EncodeCommand(const Command& command, Form form);
// Whether clients of a form can get a payload: any bytes in Protobuf, JSON in JSON.
bool FitsForm(std::string_view payload, Form form);

// What a server sends to hear whether the client is there.
std::string_view PingMessage(Form form);

// Adds one encoded message to a frame that may have some.
void AppendToFrame(Form form, std::string_view message, std::string* frame);

// The refusal of a command. message: "" for the code's own text.
Reply ErrorReply(uint32_t id, ErrorCode code, std::string_view message = "");

}  // namespace trivium::protocol
