// Files that an operator replaces while we run.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace trivium::jwt {

// A regular file of at most max_bytes. NOT_FOUND, INVALID_ARGUMENT (too long, no regular file) or UNAVAILABLE, each
// with the path.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t max_bytes);

// Tells one version of a file from the next; replacing it by rename changes the inode.
struct FileMark {
  int64_t modified_ns = -1;  // -1: the file is not there.
  int64_t size = 0;
  uint64_t inode = 0;
  bool operator==(const FileMark&) const = default;
};
FileMark MarkOf(const std::string& path);

}  // namespace trivium::jwt
