#include "services/gateway/connection/frame.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "libs/text/utf8.h"
#include "services/gateway/connection/close_code.h"

namespace trivium::gateway {
namespace {

constexpr uint8_t kReservedBits = 0x70, kMaskBit = 0x80, kLengthBits = 0x7F;
constexpr uint8_t kLength16 = 126, kLength64 = 127;  // Values of the length field that announce a longer one.
constexpr size_t kMaskSize = 4;

uint64_t BigEndian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

size_t ExtendedLengthSize(uint8_t length) { return length == kLength64 ? 8 : length == kLength16 ? 2 : 0; }

// RFC 6455 5.2: the minimal number of bytes must be used, and 63 bits are there.
bool IsMinimal(uint8_t length, uint64_t value) {
  if (length == kLength16) return value >= kLength16;
  if (length == kLength64) return value > 0xFFFF && value >> 63 == 0;
  return true;
}

// A mask as it is after n more bytes: the first in memory is the next to use.
uint32_t RotateMask(uint32_t mask, size_t n) {
  const int bits = static_cast<int>(n % kMaskSize) * 8;
  return std::endian::native == std::endian::little ? std::rotr(mask, bits) : std::rotl(mask, bits);
}

}  // namespace

uint32_t Unmask(std::span<char> data, uint32_t mask) {
  const uint64_t wide = static_cast<uint64_t>(mask) << 32 | mask;
  size_t i = 0;
  for (uint64_t word; i + sizeof(word) <= data.size(); i += sizeof(word)) {
    std::memcpy(&word, data.data() + i, sizeof(word));
    word ^= wide;
    std::memcpy(data.data() + i, &word, sizeof(word));
  }
  std::array<char, kMaskSize> key;
  std::memcpy(key.data(), &mask, sizeof(mask));
  for (; i < data.size(); ++i) data[i] = static_cast<char>(data[i] ^ key[i % kMaskSize]);
  return RotateMask(mask, data.size());
}

FrameError FrameParser::Parse(std::span<char> bytes, FrameSink& sink) {
  while (!done_ && !bytes.empty()) {
    if (!in_payload_) {
      const bool complete = ReadHeader(&bytes);
      if (const FrameError error = CheckFirstByte()) return Fail(error.code, error.reason);
      if (const FrameError error = CheckSecondByte()) return Fail(error.code, error.reason);
      if (!complete) continue;
      if (const FrameError error = BeginFrame()) return Fail(error.code, error.reason);
      if (!sink.OnFrame()) return Fail(0, "");
    }
    if (const FrameError error = ReadPayload(&bytes, sink)) return Fail(error.code, error.reason);
  }
  return {};
}

// True when the header is complete. Stops once where its length becomes known.
bool FrameParser::ReadHeader(std::span<char>* bytes) {
  const size_t n = std::min<size_t>(bytes->size(), header_want_ - header_size_);
  std::memcpy(header_.data() + header_size_, bytes->data(), n);
  header_size_ = static_cast<uint8_t>(header_size_ + n);
  *bytes = bytes->subspan(n);
  return header_size_ == header_want_ && header_want_ > 2;
}

FrameError FrameParser::CheckFirstByte() const {
  if ((header_[0] & kReservedBits) != 0) return {kCloseProtocolError, "reserved bits: set, want 0"};
  switch (static_cast<Opcode>(opcode())) {
    case Opcode::kText:
    case Opcode::kBinary:
      if (in_message_) return {kCloseProtocolError, "opcode: new message, want a continuation"};
      return {};
    case Opcode::kContinuation:
      if (!in_message_) return {kCloseProtocolError, "opcode: continuation, want a message's beginning"};
      return {};
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      if (!fin()) return {kCloseProtocolError, "control frame: fragmented, want it whole"};
      return {};
  }
  return {kCloseProtocolError, "opcode: reserved"};
}

FrameError FrameParser::CheckSecondByte() {
  if (header_size_ < 2) return {};
  const uint8_t length = header_[1] & kLengthBits;
  if ((header_[1] & kMaskBit) == 0) return {kCloseProtocolError, "mask: none, want client frames masked"};
  if (is_control() && length > kMaxControlPayload) return {kCloseProtocolError, "control frame: too long, want <= 125"};
  header_want_ = static_cast<uint8_t>(2 + ExtendedLengthSize(length) + kMaskSize);
  return {};
}

// The header is complete.
FrameError FrameParser::BeginFrame() {
  const uint8_t length = header_[1] & kLengthBits;
  const size_t extended = ExtendedLengthSize(length);
  const uint64_t size = extended == 0 ? length : BigEndian(std::span(header_).subspan(2, extended));
  if (!IsMinimal(length, size)) return {kCloseProtocolError, "length: not in its shortest form"};
  std::memcpy(&mask_, header_.data() + 2 + extended, kMaskSize);
  if (!is_control()) {
    if (size > max_message_bytes_ - message_size_) return {kCloseMessageTooBig, "message: too long"};
    message_size_ += size;
    if (opcode() != 0)
      type_ = static_cast<Opcode>(opcode()) == Opcode::kText ? MessageType::kText : MessageType::kBinary;
    in_message_ = true;
  }
  frame_left_ = size;
  in_payload_ = true;
  return {};
}

FrameError FrameParser::ReadPayload(std::span<char>* bytes, FrameSink& sink) {
  const std::span<char> piece = bytes->first(std::min(bytes->size(), frame_left_));
  *bytes = bytes->subspan(piece.size());
  frame_left_ -= piece.size();
  mask_ = Unmask(piece, mask_);
  const std::string_view payload(piece.data(), piece.size());
  if (!is_control() && type_ == MessageType::kText && !utf8_.Feed(payload)) {
    return {kCloseInvalidPayload, "text: not UTF-8"};
  }
  if (frame_left_ == 0) return EndFrame(payload, sink);
  Keep(payload);
  return {};
}

// The frame's payload is what was kept of it, and tail.
FrameError FrameParser::EndFrame(std::string_view tail, FrameSink& sink) {
  header_size_ = 0;
  header_want_ = 2;
  in_payload_ = false;
  const size_t kept_message = is_control() ? message_size_ : 0;
  const bool has_kept = buffered_bytes() > kept_message;
  if (has_kept || (!is_control() && !fin())) Keep(tail);
  const std::string_view payload = has_kept ? std::string_view(*buffer_).substr(kept_message) : tail;
  if (is_control()) {
    const FrameError error = EndControl(payload, sink);
    if (has_kept) buffer_->resize(kept_message);
    if (!in_message_) ReturnBuffer();
    return error;
  }
  return fin() ? EndMessage(payload, sink) : FrameError{};
}

FrameError FrameParser::EndMessage(std::string_view payload, FrameSink& sink) {
  const bool whole = type_ == MessageType::kBinary || utf8_.complete();
  in_message_ = false;
  message_size_ = 0;
  utf8_.Reset();
  if (!whole) return {kCloseInvalidPayload, "text: not UTF-8"};
  done_ = !sink.OnMessage(type_, payload);
  ReturnBuffer();
  return {};
}

FrameError FrameParser::EndControl(std::string_view payload, FrameSink& sink) {
  const auto kind = static_cast<Opcode>(opcode());
  if (kind == Opcode::kClose) return EndClose(payload, sink);
  done_ = !(kind == Opcode::kPing ? sink.OnPing(payload) : sink.OnPong(payload));
  return {};
}

FrameError FrameParser::EndClose(std::string_view payload, FrameSink& sink) {
  if (payload.size() == 1) return {kCloseProtocolError, "close frame: 1 byte, want a code of 2"};
  done_ = true;
  if (payload.empty()) {
    sink.OnClose(kCloseNoStatus, "");
    return {};
  }
  const auto code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]));
  if (!IsSendableCloseCode(code)) return {kCloseProtocolError, "close frame: code not allowed"};
  if (!IsValidUtf8(payload.substr(2))) return {kCloseInvalidPayload, "close frame: reason not UTF-8"};
  sink.OnClose(code, payload.substr(2));
  return {};
}

FrameError FrameParser::Fail(uint16_t code, const char* reason) {
  done_ = true;
  in_payload_ = in_message_ = false;
  header_size_ = 0;
  ReturnBuffer();
  return {code, reason};
}

void FrameParser::Keep(std::string_view piece) {
  if (piece.empty()) return;
  if (buffer_ == nullptr) buffer_ = pool_.Borrow();
  buffer_->append(piece);
}

void FrameParser::ReturnBuffer() {
  if (buffer_ != nullptr) pool_.Return(std::move(buffer_));
}

size_t EncodeHeader(Opcode opcode, size_t payload_size, char out[kMaxServerHeader]) {
  const uint8_t form = payload_size < kLength16 ? static_cast<uint8_t>(payload_size)
                       : payload_size <= 0xFFFF ? kLength16
                                                : kLength64;
  const size_t extended = ExtendedLengthSize(form);
  out[0] = static_cast<char>(0x80 | static_cast<uint8_t>(opcode));
  out[1] = static_cast<char>(form);
  for (size_t i = 0; i < extended; ++i) {
    out[2 + i] = static_cast<char>(static_cast<uint64_t>(payload_size) >> 8 * (extended - 1 - i));
  }
  return 2 + extended;
}

std::string ClosePayload(uint16_t code, std::string_view reason) {
  if (code == kCloseNoStatus) return "";
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
  payload += Utf8Prefix(reason, kMaxControlPayload - 2);
  return payload;
}

}  // namespace trivium::gateway
