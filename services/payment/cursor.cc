#include "services/payment/cursor.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/opaque_token/opaque_token.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::payment {
namespace {

// One text of several, so that no two lists of parts make the same.
std::string Join(std::initializer_list<std::string> parts) { return absl::StrJoin(parts, std::string(1, '\0')); }

}  // namespace

std::string PageToken(std::initializer_list<std::string> bound_to, const Id& last) {
  return SealToken(Join(bound_to), last.ToBytes());
}

absl::StatusOr<Id> ParsePageToken(std::initializer_list<std::string> bound_to, const std::string& token) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string position, ReadPageToken(Join(bound_to), token));
  if (position.empty()) return Id();
  const absl::StatusOr<Id> last = Id::FromBytes(position);
  return last.ok() ? last : PageTokenInvalid();
}

std::string EventCursor(const std::string& product, int64_t seq) {
  return SealToken(Join({"event", product}), absl::StrCat(seq));
}

absl::StatusOr<int64_t> ParseEventCursor(const std::string& product, const std::string& cursor) {
  if (cursor.empty()) return 0;
  int64_t seq = 0;
  const std::optional<std::string> position = OpenToken(Join({"event", product}), cursor);
  if (!position || !absl::SimpleAtoi(*position, &seq) || seq < 0) return CursorInvalid();
  return seq;
}

absl::Status CursorInvalid() {
  return Error(absl::StatusCode::kInvalidArgument, "CURSOR_INVALID",
               "cursor: never given out to this product, want the cursor of an event")
      .Field("cursor", "never given out to this product, want the cursor of an event");
}

absl::Status CursorTooOld() {
  return Error(
             absl::StatusCode::kOutOfRange, "CURSOR_TOO_OLD",
             "cursor: older than what is kept (30 days), want a newer one; an empty cursor starts at the oldest event")
      .Field("cursor", "older than what is kept, want a newer one");
}

}  // namespace trivium::payment
