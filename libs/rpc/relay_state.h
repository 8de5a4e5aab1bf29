// The relay's last good resources on disk: "trivium-xds-1 <sha256 of the rest>\n", then the resources with their
// lengths. A damaged file is an error, never half a state.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/xds/resources.h"

namespace trivium::rpc {

std::string EncodeRelayState(const xds::ResourcesByType& resources);
// DATA_LOSS when the text is cut, changed or of another format.
absl::StatusOr<xds::ResourcesByType> DecodeRelayState(std::string_view text);

// Writes a file so that a crash leaves the old or the new content: temporary file, fsync, rename, fsync of the folder.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content);
// NOT_FOUND when there is none. Reads at most 64 MiB.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace trivium::rpc
