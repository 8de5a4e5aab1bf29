// A published FileDescriptorSet as a pool of its own, apart from what is linked in.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium {

// Two of them fit a gRPC message of 4 MiB, and a watcher's answer holds 1 MiB of other items beside one.
inline constexpr size_t kMaxDescriptorBytes = 2 << 20;
inline constexpr int kMaxDescriptorFiles = 2000;

// Builds the files of a serialized set, which may be in any order but must hold all that they import, and answers them.
// INVALID_ARGUMENT "<file>: <element>: <what is wrong>, want ..."; the pool then has a part of them and is of no use.
// pool: empty, without an underlay; outlives the answer.
absl::StatusOr<std::vector<const google::protobuf::FileDescriptor*>> BuildDescriptors(
    std::string_view file_descriptor_set, google::protobuf::DescriptorPool* pool);

}  // namespace trivium
