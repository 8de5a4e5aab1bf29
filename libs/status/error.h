// Errors as the API answers them: an absl::Status that carries google.rpc details (libs/rpc puts them into
// grpc-status-details-bin).
//
//   return Error(absl::StatusCode::kFailedPrecondition, "REFUND_EXCEEDS_PAYMENT",
//                "amount.amount_minor: 500, want <= 300 (refundable)")
//       .With("refundable_minor", 300)
//       .Field("amount.amount_minor", "500, want <= 300 (refundable)");
//
// Not thread-safe; build, return, forget.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace trivium {

// Domain of every ErrorInfo.
inline constexpr std::string_view kErrorDomain = "trivium";

class Error {
 public:
  // reason: UPPER_SNAKE_CASE, at most 63 characters. message: English, form "field: value, want ...".
  Error(absl::StatusCode code, std::string_view reason, std::string_view message);

  // Adds a pair to ErrorInfo.metadata: every part of the message that varies.
  Error& With(std::string_view key, std::string_view value);
  template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  Error& With(std::string_view key, T number) {
    return With(key, std::string_view(absl::StrCat(number)));
  }
  // Adds a BadRequest violation. description: "value, want ...".
  Error& Field(std::string_view path, std::string_view description);
  // Adds RetryInfo.
  Error& RetryAfter(absl::Duration delay);
  // Adds a QuotaFailure violation. subject: "product:acme".
  Error& Quota(std::string_view subject, std::string_view description);
  // Adds a PreconditionFailure violation.
  Error& Precondition(std::string_view type, std::string_view subject, std::string_view description);

  absl::Status ToStatus() const;
  operator absl::Status() const {
    return ToStatus();
  }  // NOLINT(google-explicit-constructor): reads as `return Error(...)`.
  template <typename T>
  operator absl::StatusOr<T>() const {  // NOLINT(google-explicit-constructor)
    return ToStatus();
  }

 private:
  absl::StatusCode code_;
  std::string reason_, message_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<std::pair<std::string, std::string>> quotas_;
  struct Condition {
    std::string type, subject, description;
  };
  std::vector<Condition> conditions_;
  absl::Duration retry_after_ = absl::ZeroDuration();
};

// INVALID_ARGUMENT FIELD_INVALID with one violation for each (path, description); the message joins them by "; ".
// An OK status when there are none.
absl::Status FieldsError(const std::vector<std::pair<std::string, std::string>>& violations);

// ErrorInfo.reason of a status, or "" when it has none.
std::string ReasonOf(const absl::Status& status);
// A value of ErrorInfo.metadata, or "".
std::string MetadataOf(const absl::Status& status, std::string_view key);

// All details of a status as serialized google.rpc.Status (empty when it has none), and back. Used where errors cross a
// process.
std::string SerializeDetails(const absl::Status& status);
absl::Status StatusFromDetails(absl::StatusCode code, std::string_view message, std::string_view details);

}  // namespace trivium
