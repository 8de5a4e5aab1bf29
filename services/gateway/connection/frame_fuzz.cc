// Any bytes through the frame parser, in pieces: it must not crash or read outside, must say the same however they are
// cut, and must hold no buffer when nothing is pending.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "libs/text/utf8.h"
#include "services/gateway/connection/close_code.h"
#include "services/gateway/connection/frame.h"

namespace trivium::gateway {
namespace {

constexpr size_t kMaxMessage = 1000;

void Require(bool holds) {
  if (!holds) std::abort();
}

class Recorder : public FrameSink {
 public:
  bool OnFrame() override { return Add("frame", ""); }
  bool OnMessage(MessageType type, std::string_view payload) override {
    Require(payload.size() <= kMaxMessage);
    Require(type == MessageType::kBinary || IsValidUtf8(payload));
    return Add(type == MessageType::kText ? "text" : "binary", payload);
  }
  bool OnPing(std::string_view payload) override {
    Require(payload.size() <= kMaxControlPayload);
    return Add("ping", payload);
  }
  bool OnPong(std::string_view payload) override { return Add("pong", payload); }
  void OnClose(uint16_t code, std::string_view reason) override {
    Require(code == kCloseNoStatus || IsSendableCloseCode(code));
    Require(IsValidUtf8(reason));
    Add("close" + std::to_string(code), reason);
  }
  bool Add(std::string what, std::string_view payload) {
    said += what + ":" + std::string(payload) + "\n";
    return true;
  }
  std::string said;
};

// What was said, and the error's code behind it.
std::string Parse(std::string bytes, size_t piece) {
  BufferPool pool;
  Recorder recorder;
  FrameParser parser(kMaxMessage, pool);
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const FrameError error = parser.Parse(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)), recorder);
    if (error) recorder.Add("error" + std::to_string(error.code), "");
    Require(parser.pending() || pool.lent() == 0);
    Require(parser.buffered_bytes() <= std::min(bytes.size(), kMaxMessage + kMaxControlPayload));
  }
  return recorder.said;
}

}  // namespace
}  // namespace trivium::gateway

// The first byte is the piece's size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using trivium::gateway::Parse;
  using trivium::gateway::Require;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Require(Parse(bytes, bytes.size() + 1) == Parse(bytes, data[0] % 64 + size_t{1}));
  return 0;
}
