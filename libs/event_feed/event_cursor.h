// Cursors of ListEvents and WatchEvents: opaque, bound to a product's events.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivium {

// Place in a product's events.
std::string EventCursor(const std::string& product, int64_t seq);
// The place; 0 for an empty cursor. INVALID_ARGUMENT CURSOR_INVALID.
absl::StatusOr<int64_t> ParseEventCursor(const std::string& product, const std::string& cursor);
absl::Status CursorInvalid();
// OUT_OF_RANGE.
absl::Status CursorTooOld();

}  // namespace trivium
