// What travels through pub/sub: a payload and its place in the channel's history.
//
//   byte 0      version, 1
//   byte 1      kind
//   bytes 2-9   offset, big-endian; 0: no place in the history
//   bytes 10-17 sequence, big-endian; 0: none
//   byte 18     length of the epoch
//   then        the epoch, then the payload until the end
//
// Offsets are dense, so the one before is offset - 1: an envelope need not name it. The append script of
// history_script.cc writes the same form in Lua.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::fanout {

inline constexpr uint8_t kEnvelopeVersion = 1;
inline constexpr size_t kMaxPayloadBytes = 256 << 10;
inline constexpr size_t kMaxEpochBytes = 64;
// Scripts count in doubles, which are exact up to here.
inline constexpr int64_t kMaxOffset = int64_t{1} << 53;

enum class Kind : uint8_t {
  kAppended = 1,   // Has an offset and stands in the history.
  kTransient = 2,  // Only published: offset 0, no epoch, no sequence.
  kRestored = 3,   // As kAppended, brought back after a loss: may have come before under another epoch.
};

struct Envelope {
  Kind kind = Kind::kTransient;
  int64_t offset = 0;        // 1 to kMaxOffset; 0 for kTransient.
  int64_t sequence = 0;      // 0 to kMaxOffset.
  std::string_view epoch;    // 1 to kMaxEpochBytes; "" for kTransient.
  std::string_view payload;  // At most kMaxPayloadBytes; opaque.

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

// INVALID_ARGUMENT FIELD_INVALID for what is not as above.
absl::StatusOr<std::string> EncodeEnvelope(const Envelope& envelope);
// Views into bytes. DATA_LOSS, without details, saying what is wrong.
absl::StatusOr<Envelope> DecodeEnvelope(std::string_view bytes);

}  // namespace trivium::fanout
