// One field of a serialized message, found by walking over the wire format
// (https://protobuf.dev/programming-guides/encoding) without parsing the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::gateway {

enum class WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kStartGroup = 3, kEndGroup = 4, kFixed32 = 5 };

struct WireValue {
  uint64_t number = 0;     // Of a varint or a fixed field: as on the wire, so not zigzag-decoded nor sign-extended.
  std::string_view bytes;  // Of a length-delimited field: part of the message.
};

// The value that a parser would keep for the field at path (field numbers from the message down, at least one): the
// last one; parts of a message that comes in pieces are merged. A field with another wire type is unknown to a parser,
// and so here. nullopt: not there. INVALID_ARGUMENT with the byte for what is no message: cut short, field number 0, a
// tag above 32 bits (which some parsers cut off, others refuse), a varint above ten bytes, groups that do not match.
absl::StatusOr<std::optional<WireValue>> FindWireField(std::string_view message, std::span<const int> path,
                                                       WireType type);

// Whether a message is one on its first level; what its submessages hold is not looked at. Errors as above.
absl::Status CheckWireFormat(std::string_view message);

}  // namespace trivium::gateway
