// Last-good state on disk: whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivium {

// Replaces a file by body, through a file beside it, fsync and rename: after a crash there is the old state or the new
// one. Blocks on the disk.
absl::Status WriteStateFile(const std::string& path, std::string_view body);
// What was written. NOT_FOUND: there is no file; DATA_LOSS: it is not what was written (cut, changed by hand).
absl::StatusOr<std::string> ReadStateFile(const std::string& path);

}  // namespace trivium
