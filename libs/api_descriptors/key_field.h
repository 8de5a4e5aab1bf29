// Fields of a request that may be a command's routing key.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium {

inline constexpr size_t kMaxKeyFieldDepth = 8;
inline constexpr size_t kMaxKeyFieldPath = 200;  // Characters.

// The fields of a path, proto names joined by ".": single messages, and last a string or an integer. INVALID_ARGUMENT
// naming the part that is unknown, repeated, a map, in a oneof, or no key.
absl::StatusOr<std::vector<const google::protobuf::FieldDescriptor*>> FindKeyField(
    const google::protobuf::Descriptor& request, std::string_view path);

}  // namespace trivium
