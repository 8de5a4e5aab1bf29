// Frames as clients send them, well-formed or not, and frames as servers send them read back. For tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/gateway/connection/frame.h"

namespace trivium::gateway {

struct ClientFrameShape {
  bool fin = true;
  uint8_t reserved_bits = 0;  // RSV1-3 as a number of 0-7.
  bool masked = true;
  uint32_t mask = 0x5A17C3E9;
  int length_bytes = -1;                   // 0, 2 or 8 of extended length; -1: the fewest.
  std::optional<uint64_t> claimed_length;  // In place of the payload's own.
};

inline std::string ClientFrame(int opcode, std::string_view payload, const ClientFrameShape& shape = {}) {
  const uint64_t length = shape.claimed_length.value_or(payload.size());
  int length_bytes = shape.length_bytes;
  if (length_bytes < 0) length_bytes = length < 126 ? 0 : length <= 0xFFFF ? 2 : 8;
  const uint64_t field = length_bytes == 0 ? length : length_bytes == 2 ? 126 : 127;
  std::string frame;
  frame += static_cast<char>((shape.fin ? 0x80 : 0) | shape.reserved_bits << 4 | opcode);
  frame += static_cast<char>((shape.masked ? 0x80 : 0) | field);
  for (int i = length_bytes - 1; i >= 0; --i) frame += static_cast<char>(length >> 8 * i);
  if (!shape.masked) return frame + std::string(payload);
  for (int i = 0; i < 4; ++i) frame += static_cast<char>(shape.mask >> 8 * i);
  for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ shape.mask >> 8 * (i % 4));
  return frame;
}
inline std::string ClientFrame(Opcode opcode, std::string_view payload, const ClientFrameShape& shape = {}) {
  return ClientFrame(static_cast<int>(opcode), payload, shape);
}
// A fragment: opcode 0 for all but the first, fin for the last.
inline std::string Fragment(Opcode opcode, std::string_view payload, bool fin) {
  return ClientFrame(opcode, payload, {.fin = fin});
}

struct ServerFrame {
  Opcode opcode;
  std::string payload;
  bool operator==(const ServerFrame&) const = default;
};

// Takes the first whole frame out of bytes; none: it is not complete. A frame that no server may send (fragmented,
// masked, with reserved bits) is returned as opcode 15.
inline std::optional<ServerFrame> TakeServerFrame(std::string* bytes) {
  const auto at = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>((*bytes)[i])); };
  if (bytes->size() < 2) return std::nullopt;
  const size_t extended = at(1) == 126 ? 2 : at(1) == 127 ? 8 : 0;
  if (bytes->size() < 2 + extended) return std::nullopt;
  uint64_t length = extended == 0 ? at(1) : 0;
  for (size_t i = 0; i < extended; ++i) length = length << 8 | at(2 + i);
  if ((at(0) & 0xF0) != 0x80 || (at(1) & 0x80) != 0) return ServerFrame{static_cast<Opcode>(15), ""};
  if (bytes->size() < 2 + extended + length) return std::nullopt;
  ServerFrame frame{static_cast<Opcode>(at(0) & 0x0F), bytes->substr(2 + extended, length)};
  bytes->erase(0, 2 + extended + length);
  return frame;
}

}  // namespace trivium::gateway
