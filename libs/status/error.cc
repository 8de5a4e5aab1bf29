#include "libs/status/error.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_join.h"
#include "external/google/rpc/error_details.pb.h"
#include "external/google/rpc/status.pb.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium {
namespace {

constexpr std::string_view kTypePrefix = "type.googleapis.com/";
// Trailers of a gRPC call may have 8 KiB in all, and a message is percent-encoded there: what would exceed it reaches
// nobody.
constexpr size_t kMessageMax = 1000;
constexpr size_t kTextMax = 256;
constexpr size_t kFieldsMax = 8;

std::string Text(std::string_view text) { return ToValidUtf8(Utf8Prefix(text, kTextMax)); }

std::string TypeUrl(const google::protobuf::Message& detail) {
  return absl::StrCat(ToAbsl(kTypePrefix), detail.GetDescriptor()->full_name());
}

void Attach(const google::protobuf::Message& detail, absl::Status& status) {
  status.SetPayload(TypeUrl(detail), absl::Cord(detail.SerializeAsString()));
}

std::optional<google::rpc::ErrorInfo> InfoOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  const auto payload = status.GetPayload(TypeUrl(info));
  if (!payload || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return info;
}

google::protobuf::Duration ToProto(absl::Duration delay) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(delay, absl::Seconds(1), &delay));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  return proto;
}

}  // namespace

Error::Error(absl::StatusCode code, std::string_view reason, std::string_view message)
    : code_(code), reason_(reason), message_(ToValidUtf8(Utf8Prefix(message, kMessageMax))) {}

Error& Error::With(std::string_view key, std::string_view value) {
  metadata_[std::string(key)] = Text(value);
  return *this;
}

Error& Error::Field(std::string_view path, std::string_view description) {
  if (fields_.size() < kFieldsMax) fields_.emplace_back(Text(path), Text(description));
  return *this;
}

Error& Error::RetryAfter(absl::Duration delay) {
  retry_after_ = delay;
  return *this;
}

Error& Error::Quota(std::string_view subject, std::string_view description) {
  if (quotas_.size() < kFieldsMax) quotas_.emplace_back(Text(subject), Text(description));
  return *this;
}

Error& Error::Precondition(std::string_view type, std::string_view subject, std::string_view description) {
  if (conditions_.size() < kFieldsMax) conditions_.push_back({Text(type), Text(subject), Text(description)});
  return *this;
}

absl::Status Error::ToStatus() const {
  absl::Status status(code_, message_);
  google::rpc::ErrorInfo info;
  info.set_reason(reason_);
  info.set_domain(std::string(kErrorDomain));
  info.mutable_metadata()->insert(metadata_.begin(), metadata_.end());
  Attach(info, status);
  if (!fields_.empty()) {
    google::rpc::BadRequest bad;
    for (const auto& [path, description] : fields_) {
      auto* violation = bad.add_field_violations();
      violation->set_field(path);
      violation->set_description(description);
    }
    Attach(bad, status);
  }
  if (!quotas_.empty()) {
    google::rpc::QuotaFailure failure;
    for (const auto& [subject, description] : quotas_) {
      auto* violation = failure.add_violations();
      violation->set_subject(subject);
      violation->set_description(description);
    }
    Attach(failure, status);
  }
  if (!conditions_.empty()) {
    google::rpc::PreconditionFailure failure;
    for (const Condition& condition : conditions_) {
      auto* violation = failure.add_violations();
      violation->set_type(condition.type);
      violation->set_subject(condition.subject);
      violation->set_description(condition.description);
    }
    Attach(failure, status);
  }
  if (retry_after_ > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToProto(retry_after_);
    Attach(retry, status);
  }
  return status;
}

absl::Status FieldsError(const std::vector<std::pair<std::string, std::string>>& violations) {
  if (violations.empty()) return absl::OkStatus();
  const std::string message = absl::StrJoin(violations, "; ", absl::PairFormatter(": "));
  Error error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID", message);
  for (const auto& [path, description] : violations) error.Field(path, description);
  return error;
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = InfoOf(status);
  return info ? info->reason() : "";
}

std::string MetadataOf(const absl::Status& status, std::string_view key) {
  const auto info = InfoOf(status);
  if (!info) return "";
  const auto found = info->metadata().find(std::string(key));
  return found == info->metadata().end() ? "" : found->second;
}

std::string SerializeDetails(const absl::Status& status) {
  std::map<std::string, std::string> details;  // Sorted: the same status gives the same bytes.
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    if (ToStd(type_url).starts_with(kTypePrefix)) details.emplace(type_url, payload);
  });
  if (details.empty()) return "";
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(ToValidUtf8(ToStd(status.message())));
  for (auto& [type_url, payload] : details) {
    auto* detail = proto.add_details();
    detail->set_type_url(type_url);
    detail->set_value(std::move(payload));
  }
  return proto.SerializeAsString();
}

absl::Status StatusFromDetails(absl::StatusCode code, std::string_view message, std::string_view details) {
  absl::Status status(code, ToAbsl(message));
  google::rpc::Status proto;
  if (status.ok() || details.empty() || !proto.ParseFromArray(details.data(), static_cast<int>(details.size()))) {
    return status;
  }
  for (const auto& detail : proto.details()) status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  return status;
}

}  // namespace trivium
