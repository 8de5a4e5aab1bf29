#include "libs/client_connection/websocket.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::client {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kAnswerMax = 16 << 10;

// "" when there is none.
std::string HeaderOf(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!absl::EqualsIgnoreCase(ToAbsl(line.substr(0, name.size())), ToAbsl(name))) continue;
    return std::string(absl::StripAsciiWhitespace(ToAbsl(line.substr(name.size() + 1))));
  }
  return "";
}

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

}  // namespace

std::string AcceptOf(std::string_view key) {
  const std::string text = std::string(key) + std::string(kGuid);
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::Base64Escape(std::string(reinterpret_cast<const char*>(digest), sizeof(digest)));
}

std::string HandshakeRequest(const Handshake& h) {
  std::string text = absl::StrCat("GET ", h.path, " HTTP/1.1\r\nHost: ", h.host,
                                  "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: ",
                                  h.key, "\r\n");
  if (!h.subprotocol.empty()) absl::StrAppend(&text, "Sec-WebSocket-Protocol: ", h.subprotocol, "\r\n");
  if (!h.origin.empty()) absl::StrAppend(&text, "Origin: ", h.origin, "\r\n");
  return text + "\r\n";
}

absl::StatusOr<size_t> CheckHandshakeAnswer(const Handshake& handshake, std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() > kAnswerMax) return absl::FailedPreconditionError("handshake: the answer does not end");
    return 0;
  }
  const std::string_view head = bytes.substr(0, end);
  const std::string_view first = head.substr(0, head.find("\r\n"));
  if (first.substr(0, 12) != "HTTP/1.1 101") {
    return absl::FailedPreconditionError(absl::StrCat("handshake: '", ToAbsl(first), "', want 101"));
  }
  if (HeaderOf(head, "Sec-WebSocket-Accept") != AcceptOf(handshake.key)) {
    return absl::FailedPreconditionError("handshake: Sec-WebSocket-Accept does not belong to the key");
  }
  const std::string subprotocol = HeaderOf(head, "Sec-WebSocket-Protocol");
  if (!subprotocol.empty() && subprotocol != handshake.subprotocol) {
    return absl::FailedPreconditionError(
        absl::StrCat("handshake: subprotocol '", subprotocol, "', want ", handshake.subprotocol));
  }
  return end + 4;
}

void AppendClientFrame(Opcode opcode, std::string_view payload, uint32_t mask, std::string* out) {
  out->push_back(static_cast<char>(0x80 | static_cast<uint8_t>(opcode)));
  const size_t n = payload.size();
  const int length_bytes = n < 126 ? 0 : n <= 0xffff ? 2 : 8;
  const size_t first = length_bytes == 0 ? n : length_bytes == 2 ? 126 : 127;
  out->push_back(static_cast<char>(0x80 | first));
  for (int i = length_bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(n >> (8 * i) & 0xff));
  char key[4];
  std::memcpy(key, &mask, sizeof(key));
  out->append(key, sizeof(key));
  const size_t begin = out->size();
  out->append(payload);
  for (size_t i = 0; i < n; ++i) (*out)[begin + i] = static_cast<char>((*out)[begin + i] ^ key[i % 4]);
}

void MessageReader::Append(std::string_view bytes) {
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
}

absl::StatusOr<std::optional<Received>> MessageReader::Next() {
  if (!fragmented_) fragments_.clear();
  while (true) {
    const std::string_view rest = std::string_view(buffer_).substr(at_);
    if (rest.size() < 2) return std::nullopt;
    const auto b0 = static_cast<uint8_t>(rest[0]), b1 = static_cast<uint8_t>(rest[1]);
    if ((b0 & 0x70) != 0 || (b1 & 0x80) != 0) {
      return absl::InvalidArgumentError("frame: reserved bits or a mask, want neither from a server");
    }
    const size_t length_bytes = (b1 & 0x7f) == 127 ? 8 : (b1 & 0x7f) == 126 ? 2 : 0;
    if (rest.size() < 2 + length_bytes) return std::nullopt;
    const uint64_t length = length_bytes == 0 ? b1 & 0x7f : BigEndian(rest.substr(2, length_bytes));
    if (length > message_bytes_max_ || fragments_.size() + length > message_bytes_max_) {
      return absl::InvalidArgumentError(absl::StrCat("frame: ", length, " bytes, want <= ", message_bytes_max_));
    }
    if (rest.size() < 2 + length_bytes + length) return std::nullopt;
    const std::string_view payload = rest.substr(2 + length_bytes, length);
    at_ += 2 + length_bytes + length;
    const bool last = (b0 & 0x80) != 0;
    const auto opcode = static_cast<Opcode>(b0 & 0x0f);
    if (opcode >= Opcode::kClose) return Received{opcode, payload};
    if ((opcode == Opcode::kContinuation) != fragmented_) {
      return absl::InvalidArgumentError("frame: a fragment out of its order");
    }
    if (last && !fragmented_) return Received{opcode, payload};
    if (!fragmented_) first_ = opcode;
    fragmented_ = !last;
    fragments_.append(payload);
    if (last) return Received{first_, fragments_};
  }
}

CloseReason ParseClose(std::string_view payload) {
  if (payload.size() < 2) return {};
  return {static_cast<uint32_t>(BigEndian(payload.substr(0, 2))), std::string(payload.substr(2))};
}

}  // namespace trivium::client
