#include "services/push/field_checks.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/id/id_value.h"
#include "libs/status/error.h"
#include "libs/text/control_characters.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/push/domain/message.h"

namespace trivium::push {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kSecondsMax = int64_t{1} << 40;

bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-'; }

}  // namespace

// Times are stored in microseconds: what is finer is cut off.
bool ReadDuration(const google::protobuf::Duration& value, absl::Duration* out) {
  if (value.seconds() < 0 || value.seconds() > kSecondsMax || value.nanos() < 0 || value.nanos() >= kNanosPerSecond)
    return false;
  *out = absl::Seconds(value.seconds()) + absl::Microseconds(value.nanos() / 1000);
  return true;
}

bool ReadTime(const google::protobuf::Timestamp& value, absl::Time* out) {
  if (value.seconds() < 0 || value.seconds() > kSecondsMax || value.nanos() < 0 || value.nanos() >= kNanosPerSecond)
    return false;
  *out = absl::FromUnixSeconds(value.seconds()) + absl::Microseconds(value.nanos() / 1000);
  return true;
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, IsNameCharacter);
}

void FieldChecks::RequestId(const std::string& value) {
  const bool good = value.size() >= 8 && value.size() <= 64 &&
                    std::ranges::all_of(value, [](char c) { return IsNameCharacter(c) || c == ':'; });
  if (!good)
    Bad("request_id", absl::StrCat(value.empty() ? "empty" : absl::StrCat(value.size(), " bytes"),
                                   ", want 8-64 characters of A-Z a-z 0-9 . _ : -"));
}

void FieldChecks::Name(std::string_view field, const std::string& value) {
  if (IsName(value)) return;
  Bad(field, absl::StrCat(value.empty() ? "empty" : absl::StrCat(value.size(), " bytes"),
                          ", want 1-64 characters of A-Z a-z 0-9 . _ -"));
}

void FieldChecks::OptionalText(std::string_view field, const std::string& value, size_t max) {
  const std::string want = absl::StrCat(", want 1-", max, " characters without control characters");
  if (!IsValidUtf8(value)) return Bad(field, absl::StrCat("not UTF-8", want));
  if (HasControlCharacter(value)) return Bad(field, absl::StrCat("has a control character", want));
  if (const size_t length = Utf8Length(value); length > max) Bad(field, absl::StrCat(length, " characters", want));
}

void FieldChecks::MessageId(std::string_view field, const std::string& value) {
  if (ParseId(kMessageIdKind, value).ok()) return;
  Bad(field, absl::StrCat(value.empty() ? "empty" : "malformed", ", want \"msg_\" and 26 characters"));
}

void FieldChecks::MessageIdBytes(std::string_view field, const std::string& value) {
  if (!Id::FromBytes(value).ok()) Bad(field, absl::StrCat(value.size(), " bytes, want 16"));
}

void FieldChecks::Channel(std::string_view field, const std::string& value) {
  const std::string_view text = value;
  const bool good =
      text == "product" || ((text.starts_with("user:") || text.starts_with("room:")) && IsName(text.substr(5)));
  if (!good) Bad(field, "malformed, want \"user:\" or \"room:\" and an id, or \"product\"");
}

void FieldChecks::Size(std::string_view field, int64_t size, int64_t min, int64_t max, std::string_view of) {
  if (size < min || size > max) Bad(field, absl::StrCat(size, " ", ToAbsl(of), ", want ", min, " to ", max));
}

void FieldChecks::PageSize(int32_t size) {
  if (size < 0) Bad("page_size", absl::StrCat(size, ", want >= 0"));
}

void FieldChecks::Bad(std::string_view field, std::string_view description) {
  if (!full()) violations_.emplace_back(field, description);
}

absl::Status FieldChecks::Result() const { return FieldsError(violations_); }

}  // namespace trivium::push
