#include "libs/event_feed/event_cursor.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/opaque_token/page_token.h"
#include "libs/status/error.h"

namespace trivium {
namespace {

std::string Purpose(const std::string& product) { return JoinPurpose({"event", product}); }

}  // namespace

std::string EventCursor(const std::string& product, int64_t seq) {
  return SealToken(Purpose(product), absl::StrCat(seq));
}

absl::StatusOr<int64_t> ParseEventCursor(const std::string& product, const std::string& cursor) {
  if (cursor.empty()) return 0;
  int64_t seq = 0;
  const std::optional<std::string> position = OpenToken(Purpose(product), cursor);
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

}  // namespace trivium
