// Any bytes as a frame in either form, as a payload, and as the frames of a whole session: none may crash, hang or read
// outside; what decodes must come back when encoded again.
#include <google/protobuf/util/message_differencer.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "services/gateway/protocol/protocol.h"
#include "services/gateway/protocol/session.h"

namespace trivium::gateway::protocol {
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

// Answers every question of a session with what a healthy gateway would say.
class Gateway {
 public:
  explicit Gateway(Form form) : session_(options_, form, "c", absl::ZeroDuration()) {}

  void Frame(std::string_view frame) { Do(session_.OnFrame(frame, absl::Seconds(1))); }

 private:
  void Do(Actions actions) {
    for (const Action& action : actions) {
      if (std::holds_alternative<CloseConnection>(action)) Require(session_.closed());
      if (const auto* verify = std::get_if<VerifyToken>(&action)) {
        Do(session_.OnTokenVerified(verify->ticket, VerifiedToken{"u", "p"}, absl::Seconds(1)));
      }
      if (const auto* join = std::get_if<JoinChannel>(&action)) {
        Require(ParseChannelName(join->channel).has_value());
        Do(session_.OnJoined(join->ticket, JoinedChannel{true, {0, "e"}, {}, ""}, absl::Seconds(1)));
      }
      if (const auto* rpc = std::get_if<CallRpc>(&action)) Do(session_.OnAnswer(rpc->ticket, Reply()));
    }
    Require(session_.channels() <= options_.channels_max + options_.server_channels_max);
  }

  const SessionOptions options_;
  Session session_;
};

// Frames are parted by a byte 0x1E, which no JSON frame holds.
void FuzzSession(std::string_view text) {
  Gateway gateway(Form::kJson);
  gateway.Frame(R"({"id":1,"connect":{}})");
  while (!text.empty()) {
    const std::string_view frame = text.substr(0, text.find('\x1E'));
    gateway.Frame(frame);
    text.remove_prefix(std::min(frame.size() + 1, text.size()));
  }
}

}  // namespace
}  // namespace trivium::gateway::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace protocol = trivium::gateway::protocol;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr void (*kTargets[])(std::string_view) = {protocol::FuzzJsonFrame, protocol::FuzzProtobufFrame,
                                                    protocol::FuzzPayload, protocol::FuzzSession};
  kTargets[data[0] % std::size(kTargets)](text);
  return 0;
}
