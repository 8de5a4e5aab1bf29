// Any bytes as the frames of a whole session: none may crash it, hang it or bring it above its limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/gateway/session/session.h"

namespace trivium::protocol {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
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
void Run(std::string_view text) {
  Gateway gateway(Form::kJson);
  gateway.Frame(R"({"id":1,"connect":{}})");
  while (!text.empty()) {
    const std::string_view frame = text.substr(0, text.find('\x1E'));
    gateway.Frame(frame);
    text.remove_prefix(std::min(frame.size() + 1, text.size()));
  }
}

}  // namespace
}  // namespace trivium::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  trivium::protocol::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
