// Debian's abseil is built with a string_view of its own, which does not convert to or from std::string_view. Our
// interfaces use std's; these two stand where a view meets abseil: absl::StrCat(ToAbsl(name), "..."),
// ToStd(status.message()).
#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace trivium {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace trivium
