// Opaque texts that a caller hands back: page tokens and event cursors. Each is bound to what it was given out for and
// refuses to be anything else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium {

// purpose: names the method, its product and its filters; position: where to go on. A token finds accidents and tokens
// of another list; a forged one could only name a position that its caller may read anyhow. Both are pure.
std::string SealToken(std::string_view purpose, std::string_view position);
// The position; nullopt when the token is none of ours, changed, of another purpose or longer than 512 bytes.
std::optional<std::string> OpenToken(std::string_view purpose, std::string_view token);

// The position of a page_token: "" for an empty one (the start), INVALID_ARGUMENT PAGE_TOKEN_INVALID on the field
// page_token when OpenToken refuses it.
absl::StatusOr<std::string> ReadPageToken(std::string_view purpose, std::string_view token);
absl::Status PageTokenInvalid();

}  // namespace trivium
