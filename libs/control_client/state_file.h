// Last-good state on disk: whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace google::protobuf {
class MessageLite;
}

namespace trivium {

// Replaces a file by body, through a file beside it, fsync and rename: after a crash there is the old state or the new
// one. Blocks on the disk.
absl::Status WriteStateFile(const std::string& path, std::string_view body);
// What was written. NOT_FOUND: there is no file; DATA_LOSS: it is not what was written (cut, changed by hand).
absl::StatusOr<std::string> ReadStateFile(const std::string& path);

// The same for a message, where a disk that fails costs a line in the log and the next start, not this run. An empty
// path: nothing is kept. False: there is no state, or none that can be used.
bool LoadState(const std::string& path, google::protobuf::MessageLite* state);
void SaveState(const std::string& path, const google::protobuf::MessageLite& state);

}  // namespace trivium
