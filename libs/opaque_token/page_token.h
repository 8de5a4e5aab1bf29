// Page tokens of lists whose position is an id or a text.
#pragma once

#include <initializer_list>
#include <string>

#include "absl/status/statusor.h"
#include "libs/id/id_value.h"
#include "libs/opaque_token/opaque_token.h"

namespace trivium {

// One text of several, so that no two lists of parts make the same: a purpose.
std::string JoinPurpose(std::initializer_list<std::string> parts);

// Continues a list after an object. bound_to: method, product and filters, in a fixed order.
std::string PageToken(std::initializer_list<std::string> bound_to, const Id& last);
// The object; zero for an empty token. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
absl::StatusOr<Id> ParsePageToken(std::initializer_list<std::string> bound_to, const std::string& token);

}  // namespace trivium
