#include "services/payment/cursor.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "libs/status/error.h"
#include "services/payment/domain/fingerprint.h"

namespace trivium::payment {
namespace {

// 16 hexadecimal digits over the parts.
std::string Seal(std::initializer_list<std::string> parts) {
  return absl::BytesToHexString(Fingerprint({absl::StrJoin(parts, std::string(1, '\0'))}));
}

constexpr size_t kSealSize = 16;

}  // namespace

std::string PageToken(std::initializer_list<std::string> bound_to, const Id& last) {
  return FormatId("p", last) + Seal({Seal(bound_to), last.ToBytes()});
}

absl::StatusOr<Id> ParsePageToken(std::initializer_list<std::string> bound_to, const std::string& token) {
  if (token.empty()) return Id();
  const absl::StatusOr<Id> last = ParseId("p", token.substr(0, token.size() - std::min(token.size(), kSealSize)));
  if (!last.ok() || PageToken(bound_to, *last) != token) {
    return Error(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
                 "page_token: not one of this list, want next_page_token of the answer before with the same filters")
        .Field("page_token", "not one of this list, want next_page_token of the answer before with the same filters");
  }
  return *last;
}

std::string EventCursor(const std::string& product, int64_t seq) {
  const std::string number = absl::StrFormat("%016x", seq);
  return number + Seal({"event", product, number});
}

absl::StatusOr<int64_t> ParseEventCursor(const std::string& product, const std::string& cursor) {
  if (cursor.empty()) return 0;
  int64_t seq = 0;
  const bool number = cursor.size() == 16 + kSealSize && absl::SimpleHexAtoi(cursor.substr(0, 16), &seq);
  if (!number || seq < 0 || EventCursor(product, seq) != cursor) return CursorInvalid();
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
