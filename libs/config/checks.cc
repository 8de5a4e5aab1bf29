#include "libs/config/checks.h"

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/status/error.h"

namespace trivium::config {

void Checks::Range(const std::string& field, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high) Wrong(field, absl::StrCat(value, ", want ", low, " to ", high));
}

void Checks::Range(const std::string& field, const google::protobuf::Duration& value, absl::Duration low,
                   absl::Duration high) {
  const absl::Duration d = ToDuration(value);
  if (d < low || d > high)
    Wrong(field, absl::StrCat(absl::FormatDuration(d), ", want ", absl::FormatDuration(low), " to ",
                              absl::FormatDuration(high)));
}

void Checks::NotEmpty(const std::string& field, const std::string& value, const std::string& wanted) {
  if (value.empty()) Wrong(field, "empty, want " + wanted);
}

absl::Status Checks::Result() const { return FieldsError(wrong_); }

}  // namespace trivium::config
