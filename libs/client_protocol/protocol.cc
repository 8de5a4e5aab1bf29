#include "libs/client_protocol/protocol.h"

#include <google/protobuf/io/coded_stream.h>

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/client_protocol/json_codec.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"

namespace trivium::protocol {
namespace {

using google::protobuf::Message;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::string_view kJsonPing = "{}";
constexpr std::string_view kProtobufPing{"\0", 1};

absl::Status BadFrame(size_t index, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("frame: message ", index + 1, ": ", what));
}

absl::Status CheckSize(size_t index, size_t bytes, const FrameLimits& limits) {
  if (bytes <= limits.command_bytes_max) return absl::OkStatus();
  return BadFrame(index, absl::StrCat(bytes, " bytes, want at most ", limits.command_bytes_max));
}

absl::Status CheckCount(size_t index, const FrameLimits& limits) {
  if (index < limits.commands_max) return absl::OkStatus();
  return BadFrame(index, absl::StrCat("want at most ", limits.commands_max, " messages in a frame"));
}

// The next varint of rest; nothing when there is none within 32 bits.
std::optional<uint32_t> TakeLength(std::string_view& rest) {
  CodedInputStream stream(reinterpret_cast<const uint8_t*>(rest.data()), static_cast<int>(rest.size()));
  uint64_t length = 0;
  if (!stream.ReadVarint64(&length) || length > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  rest.remove_prefix(stream.CurrentPosition());
  return static_cast<uint32_t>(length);
}

template <typename T>
absl::StatusOr<std::vector<T>> DecodeProtobuf(std::string_view frame, const FrameLimits& limits) {
  std::vector<T> messages;
  while (!frame.empty()) {
    const size_t index = messages.size();
    TRIVIUM_RETURN_IF_ERROR(CheckCount(index, limits));
    const std::optional<uint32_t> length = TakeLength(frame);
    if (!length) return BadFrame(index, "no length, want a varint before each message");
    TRIVIUM_RETURN_IF_ERROR(CheckSize(index, *length, limits));
    if (*length > frame.size()) return BadFrame(index, "cut off, want as many bytes as its length says");
    if (!messages.emplace_back().ParseFromArray(frame.data(), static_cast<int>(*length))) {
      return BadFrame(index, "not a message of the protocol in Protobuf form");
    }
    frame.remove_prefix(*length);
  }
  return messages;
}

// Whether the white space before the scanner's position parts two messages.
bool HasLineBreak(std::string_view space) { return space.find('\n') != std::string_view::npos; }

template <typename T>
absl::StatusOr<std::vector<T>> DecodeJson(std::string_view frame, const FrameLimits& limits) {
  std::vector<T> messages;
  JsonScanner scanner(frame, limits.depth_max);
  scanner.SkipSpace();
  for (size_t space = 0; !scanner.AtEnd(); scanner.SkipSpace()) {
    const size_t index = messages.size(), start = scanner.position();
    TRIVIUM_RETURN_IF_ERROR(CheckCount(index, limits));
    if (index > 0 && !HasLineBreak(frame.substr(space, start - space))) {
      return BadFrame(index, "want a line break before it");
    }
    if (!ReadJsonMessage(scanner, &messages.emplace_back())) return BadFrame(index, scanner.status().message());
    space = scanner.position();
    TRIVIUM_RETURN_IF_ERROR(CheckSize(index, space - start, limits));
  }
  return messages;
}

template <typename T>
absl::StatusOr<std::vector<T>> Decode(Form form, std::string_view frame, const FrameLimits& limits) {
  if (frame.size() > std::numeric_limits<int>::max()) return absl::InvalidArgumentError("frame: want less than 2 GiB");
  auto messages = form == Form::kJson ? DecodeJson<T>(frame, limits) : DecodeProtobuf<T>(frame, limits);
  if (messages.ok() && messages->empty()) return absl::InvalidArgumentError("frame: empty, want a message");
  return messages;
}

std::string EncodeProtobuf(const Message& message) {
  const size_t size = message.ByteSizeLong();
  const size_t head = CodedOutputStream::VarintSize32(static_cast<uint32_t>(size));
  std::string bytes(head + size, '\0');
  uint8_t* data = reinterpret_cast<uint8_t*>(bytes.data());
  data = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(size), data);
  message.SerializeWithCachedSizesToArray(data);
  return bytes;
}

absl::StatusOr<std::string> Encode(const Message& message, Form form) {
  if (form == Form::kProtobuf) return EncodeProtobuf(message);
  std::string json;
  TRIVIUM_RETURN_IF_ERROR(AppendJsonMessage(message, FrameLimits().depth_max, &json));
  return json;
}

}  // namespace

const Form* FormOfSubprotocol(std::string_view subprotocol) {
  static constexpr std::pair<std::string_view, Form> kForms[] = {
      {"", Form::kJson}, {kJsonSubprotocol, Form::kJson}, {kProtobufSubprotocol, Form::kProtobuf}};
  for (const auto& [name, form] : kForms) {
    if (name == subprotocol) return &form;
  }
  return nullptr;
}

absl::StatusOr<std::vector<Command>> DecodeCommands(Form form, std::string_view frame, const FrameLimits& limits) {
  return Decode<Command>(form, frame, limits);
}

absl::StatusOr<std::vector<Reply>> DecodeReplies(Form form, std::string_view frame, const FrameLimits& limits) {
  return Decode<Reply>(form, frame, limits);
}

absl::StatusOr<std::string> EncodeReply(const Reply& reply, Form form) { return Encode(reply, form); }

absl::StatusOr<std::string> EncodeCommand(const Command& command, Form form) { return Encode(command, form); }

absl::StatusOr<SharedBytes> EncodePush(const Push& push, Form form) {
  Reply reply;
  *reply.mutable_push() = push;
  TRIVIUM_ASSIGN_OR_RETURN(std::string bytes, Encode(reply, form));
  return std::make_shared<const std::string>(std::move(bytes));
}

bool FitsForm(std::string_view payload, Form form) {
  return form == Form::kProtobuf || payload.empty() || CheckJson(payload, FrameLimits().depth_max).ok();
}

std::string_view PingMessage(Form form) { return form == Form::kJson ? kJsonPing : kProtobufPing; }

void AppendToFrame(Form form, std::string_view message, std::string* frame) {
  if (form == Form::kJson && !frame->empty()) frame->push_back('\n');
  frame->append(message);
}

Reply ErrorReply(uint32_t id, ErrorCode code, std::string_view message) {
  const ErrorText& text = TextOf(code);
  Reply reply;
  reply.set_id(id);
  reply.mutable_error()->set_code(static_cast<uint32_t>(code));
  reply.mutable_error()->set_message(message.empty() ? std::string(text.text) : ToValidUtf8(message));
  reply.mutable_error()->set_temporary(text.temporary);
  return reply;
}

}  // namespace trivium::protocol
