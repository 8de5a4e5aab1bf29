// Page tokens: opaque to callers, bound to the list that they came from, and checked.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::control {

// list: names the method and its filters; position: where the next page begins.
std::string MakePageToken(std::string_view list, std::string_view position);
// The position. INVALID_ARGUMENT FIELD_INVALID on page_token when it is none of ours, changed, or another list's. An
// empty token is the start: "".
absl::StatusOr<std::string> ReadPageToken(std::string_view list, std::string_view token);

}  // namespace trivium::control
