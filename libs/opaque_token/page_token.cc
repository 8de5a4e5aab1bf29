#include "libs/opaque_token/page_token.h"

#include "absl/strings/str_join.h"
#include "libs/status/status.h"

namespace trivium {

std::string JoinPurpose(std::initializer_list<std::string> parts) { return absl::StrJoin(parts, std::string(1, '\0')); }

std::string PageToken(std::initializer_list<std::string> bound_to, const Id& last) {
  return SealToken(JoinPurpose(bound_to), last.ToBytes());
}

absl::StatusOr<Id> ParsePageToken(std::initializer_list<std::string> bound_to, const std::string& token) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string position, ReadPageToken(JoinPurpose(bound_to), token));
  if (position.empty()) return Id();
  const absl::StatusOr<Id> last = Id::FromBytes(position);
  return last.ok() ? last : PageTokenInvalid();
}

}  // namespace trivium
