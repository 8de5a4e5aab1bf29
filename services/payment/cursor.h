// Opaque texts that a caller hands back: page tokens and event cursors. Each is bound to what it was given out for and
// refuses to be anything else.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/statusor.h"
#include "libs/id/id_value.h"

namespace trivium::payment {

// Continues a list after an object. bound_to: method, product and filters, in a fixed order.
std::string PageToken(std::initializer_list<std::string> bound_to, const Id& last);
// The object; zero for an empty token. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
absl::StatusOr<Id> ParsePageToken(std::initializer_list<std::string> bound_to, const std::string& token);

// Place in a product's events.
std::string EventCursor(const std::string& product, int64_t seq);
// The place; 0 for an empty cursor. INVALID_ARGUMENT CURSOR_INVALID.
absl::StatusOr<int64_t> ParseEventCursor(const std::string& product, const std::string& cursor);
absl::Status CursorInvalid();
// OUT_OF_RANGE.
absl::Status CursorTooOld();

}  // namespace trivium::payment
