// Any bytes as a frame in either form and as a payload: none may crash, hang or read outside; what decodes must come
// back when encoded again.
#include <google/protobuf/util/message_differencer.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "libs/client_protocol/protocol.h"

namespace trivium::protocol {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

bool Same(const Command& a, const Command& b) { return google::protobuf::util::MessageDifferencer::Equals(a, b); }

void FuzzJsonFrame(std::string_view frame) {
  const auto commands = DecodeCommands(Form::kJson, frame);
  if (!commands.ok()) return;
  for (const Command& command : *commands) {
    const auto json = EncodeCommand(command, Form::kJson);
    const auto protobuf = EncodeCommand(command, Form::kProtobuf);
    Require(json.ok() && protobuf.ok() && json->find('\n') == std::string::npos);
    Require(Same(DecodeCommands(Form::kProtobuf, *protobuf, {.command_bytes_max = 1 << 30}).value()[0], command));
    // A line break inside a payload has become a space, so the text of one round is compared with that of the next.
    const Command again = DecodeCommands(Form::kJson, *json, {.command_bytes_max = 1 << 30}).value()[0];
    Require(EncodeCommand(again, Form::kJson).value().size() == json->size());
  }
}

void FuzzProtobufFrame(std::string_view frame) {
  const auto commands = DecodeCommands(Form::kProtobuf, frame);
  if (!commands.ok()) return;
  for (const Command& command : *commands) {
    (void)EncodeCommand(command, Form::kJson);
    const std::string bytes = EncodeCommand(command, Form::kProtobuf).value();
    Require(Same(DecodeCommands(Form::kProtobuf, bytes, {.command_bytes_max = 1 << 30}).value()[0], command));
  }
}

void FuzzPayload(std::string_view payload) {
  Push push;
  push.mutable_pub()->set_data(std::string(payload));
  const auto json = EncodePush(push, Form::kJson);
  Require(json.ok() == FitsForm(payload, Form::kJson));
  if (json.ok()) Require(DecodeReplies(Form::kJson, **json, {.command_bytes_max = 1 << 30, .depth_max = 70}).ok());
}

}  // namespace
}  // namespace trivium::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace protocol = trivium::protocol;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr void (*kTargets[])(std::string_view) = {protocol::FuzzJsonFrame, protocol::FuzzProtobufFrame,
                                                    protocol::FuzzPayload};
  kTargets[data[0] % std::size(kTargets)](text);
  return 0;
}
