// RFC 6455 from the client's side, without I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::client {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

struct Handshake {
  std::string host;         // "127.0.0.1:21092".
  std::string path;         // "/connection/websocket".
  std::string subprotocol;  // What is asked for.
  std::string key;          // Sec-WebSocket-Key: 16 random bytes in base64.
  std::string origin;       // "": none, as apps do.
};

// Sec-WebSocket-Accept of a key.
std::string AcceptOf(std::string_view key);

std::string HandshakeRequest(const Handshake& handshake);
// Length of the server's answer at the beginning of `bytes`; 0: more bytes are needed. FAILED_PRECONDITION for any
// answer but the right one; the message says its status.
absl::StatusOr<size_t> CheckHandshakeAnswer(const Handshake& handshake, std::string_view bytes);

// Appends one masked frame.
void AppendClientFrame(Opcode opcode, std::string_view payload, uint32_t mask, std::string* out);

struct Received {
  Opcode opcode = Opcode::kText;  // Never kContinuation.
  std::string_view payload;       // Valid until the next call of the reader.
};

// Whole messages out of a server's bytes, in pieces of any size.
class MessageReader {
 public:
  explicit MessageReader(size_t message_bytes_max = 16 << 20) : message_bytes_max_(message_bytes_max) {}

  void Append(std::string_view bytes);
  // Nothing: more bytes are needed. INVALID_ARGUMENT for what a server must not send; ends the connection.
  absl::StatusOr<std::optional<Received>> Next();

 private:
  size_t message_bytes_max_;
  std::string buffer_;
  size_t at_ = 0;            // Of the first byte that was not returned.
  std::string fragments_;    // Of the message that has begun.
  bool fragmented_ = false;  // A message has begun.
  Opcode first_ = Opcode::kText;
};

// The code and reason of a close frame's payload; 1005 when it has none.
struct CloseReason {
  uint32_t code = 1005;
  std::string reason;
};
CloseReason ParseClose(std::string_view payload);

}  // namespace trivium::client
