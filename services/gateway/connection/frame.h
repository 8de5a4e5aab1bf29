// RFC 6455 frames, pure: the parser of what clients send and the encoder of what servers send. No extension is
// negotiated, so every reserved bit is an error.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "services/gateway/connection/buffer_pool.h"
#include "services/gateway/connection/utf8_stream.h"

namespace trivium::gateway {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };
enum class MessageType : uint8_t { kText, kBinary };

inline constexpr size_t kMaxControlPayload = 125;
inline constexpr size_t kMaxServerHeader = 10;
inline constexpr size_t kMaxClientHeader = 14;

// What the parser finds. Views are valid during the call. Each returns whether parsing shall go on: after false the
// parser drops the rest of the bytes and takes no more.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // A frame's header was read, of any kind: the place to limit rates.
  virtual bool OnFrame() = 0;
  // Text is valid UTF-8.
  virtual bool OnMessage(MessageType type, std::string_view payload) = 0;
  virtual bool OnPing(std::string_view payload) = 0;
  virtual bool OnPong(std::string_view payload) = 0;
  // code: sendable, or kCloseNoStatus for an empty frame. reason: valid UTF-8. Nothing is parsed after it.
  virtual void OnClose(uint16_t code, std::string_view reason) = 0;
};

// Why a connection must fail: the code to close it with (0: nothing is wrong) and the reason, at most 123 bytes.
struct FrameError {
  uint16_t code = 0;
  const char* reason = "";
  explicit operator bool() const { return code != 0; }
};

// Incremental parser of masked client frames over pieces of any size. Errors are found at the first byte that makes
// them certain. Holds a buffer, borrowed from the pool, only between the pieces of an unfinished message; a message
// that is one frame inside one piece is never copied. Not thread-safe.
class FrameParser {
 public:
  // max_message_bytes: sum of a message's fragments; above it 1009, before the payload is read. pool: not owned;
  // outlives this.
  FrameParser(size_t max_message_bytes, BufferPool& pool) : max_message_bytes_(max_message_bytes), pool_(pool) {}
  ~FrameParser() { ReturnBuffer(); }
  FrameParser(const FrameParser&) = delete;
  FrameParser& operator=(const FrameParser&) = delete;

  // Unmasks the bytes in place. After an error, a close frame or a false from the sink every call does nothing.
  FrameError Parse(std::span<char> bytes, FrameSink& sink);
  // Whether a message or a frame has begun and not ended.
  bool pending() const { return header_size_ > 0 || in_payload_ || in_message_; }
  // Whether a message's first frame has begun and its last not ended.
  bool in_message() const { return in_message_; }
  // Bytes of unfinished messages that are held.
  size_t buffered_bytes() const { return buffer_ == nullptr ? 0 : buffer_->size(); }

 private:
  bool ReadHeader(std::span<char>* bytes);
  FrameError CheckFirstByte() const;
  FrameError CheckSecondByte();
  FrameError BeginFrame();
  FrameError ReadPayload(std::span<char>* bytes, FrameSink& sink);
  FrameError EndFrame(std::string_view tail, FrameSink& sink);
  FrameError EndMessage(std::string_view payload, FrameSink& sink);
  FrameError EndControl(std::string_view payload, FrameSink& sink);
  FrameError EndClose(std::string_view payload, FrameSink& sink);
  FrameError Fail(uint16_t code, const char* reason);
  void Keep(std::string_view piece);
  void ReturnBuffer();

  bool is_control() const { return (opcode() & 8) != 0; }
  uint8_t opcode() const { return header_[0] & 0x0F; }
  bool fin() const { return (header_[0] & 0x80) != 0; }

  const size_t max_message_bytes_;
  BufferPool& pool_;
  // The message so far; behind it, the unfinished control frame between its fragments.
  std::unique_ptr<std::string> buffer_;
  size_t message_size_ = 0;  // Of the data frames so far, the current one as declared.
  size_t frame_left_ = 0;    // Payload bytes still to come.
  uint32_t mask_ = 0;        // Rotated to the next payload byte.
  std::array<uint8_t, kMaxClientHeader> header_{};
  uint8_t header_size_ = 0;  // Bytes of header_ read.
  uint8_t header_want_ = 2;  // Bytes it has, as far as is known.
  MessageType type_ = MessageType::kText;
  Utf8Stream utf8_;
  bool in_payload_ = false;  // The header is complete.
  bool in_message_ = false;  // A first fragment was read, the last wasn't.
  bool done_ = false;
};

// XORs data with the mask key, whose bytes in memory are mask's, beginning with its first; returns the mask for the
// byte after. 8 bytes at a time.
uint32_t Unmask(std::span<char> data, uint32_t mask);

// Writes the header of an unmasked, final frame; returns its length.
size_t EncodeHeader(Opcode opcode, size_t payload_size, char out[kMaxServerHeader]);
// Payload of a close frame; the reason is cut to 123 bytes between two characters. kCloseNoStatus: empty.
std::string ClosePayload(uint16_t code, std::string_view reason);

}  // namespace trivium::gateway
