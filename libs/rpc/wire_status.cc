#include "libs/rpc/wire_status.h"

#include <grpcpp/support/status.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "external/google/rpc/error_details.pb.h"
#include "external/google/rpc/status.pb.h"
#include "libs/status/error.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::rpc {
namespace {

constexpr size_t kMaxMessage = 512;
constexpr size_t kMaxDetails = 3 << 10;  // 4 KiB in base64; leaves room for the message and other trailers in 8 KiB.

// What comes from below without a reason of ours: its words are for us, not for users.
bool IsInternal(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kUnavailable;
}

std::string Printable(std::string_view text) {
  const std::string valid = ToValidUtf8(text);
  return valid.size() <= kMaxMessage ? valid : std::string(Utf8Prefix(valid, kMaxMessage)) + "...";
}

bool HasErrorInfo(const google::rpc::Status& wire) {
  for (const google::protobuf::Any& detail : wire.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) return true;
  }
  return false;
}

// Leaves out the last violations, then whole details from the end, until it fits. ErrorInfo comes first and stays.
void Fit(google::rpc::Status* wire) {
  while (wire->ByteSizeLong() > kMaxDetails && wire->details_size() > 1) {
    google::protobuf::Any* last = wire->mutable_details(wire->details_size() - 1);
    google::rpc::BadRequest fields;
    if (last->Is<google::rpc::BadRequest>() && last->UnpackTo(&fields) && fields.field_violations_size() > 1) {
      fields.mutable_field_violations()->DeleteSubrange(
          fields.field_violations_size() / 2, fields.field_violations_size() - fields.field_violations_size() / 2);
      last->PackFrom(fields);
    } else {
      wire->mutable_details()->RemoveLast();
    }
  }
}

// ErrorInfo and RequestInfo first: they survive Fit.
google::rpc::Status Ordered(const google::rpc::Status& wire, const google::rpc::RequestInfo& request) {
  google::rpc::Status out;
  out.set_code(wire.code());
  out.set_message(wire.message());
  for (const google::protobuf::Any& detail : wire.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) *out.add_details() = detail;
  }
  if (!request.request_id().empty()) out.add_details()->PackFrom(request);
  for (const google::protobuf::Any& detail : wire.details()) {
    if (!detail.Is<google::rpc::ErrorInfo>() && !detail.Is<google::rpc::RequestInfo>()) *out.add_details() = detail;
  }
  return out;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status, std::string_view trace_id) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status wire;
  if (!wire.ParseFromString(SerializeDetails(status))) wire.Clear();
  const bool ours = HasErrorInfo(wire);
  std::string message = Printable(ToStd(status.message()));
  if (!ours && IsInternal(status.code())) {
    message = absl::StrCat(absl::AsciiStrToLower(absl::StatusCodeToString(status.code())),
                           ": see the server's log, trace ", ToAbsl(trace_id));
  }
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(message);
  if (!ours) {
    google::rpc::ErrorInfo info;
    info.set_reason(absl::StatusCodeToString(status.code()));
    info.set_domain(std::string(kErrorDomain));
    wire.add_details()->PackFrom(info);
  }
  google::rpc::RequestInfo request;
  request.set_request_id(std::string(trace_id));
  wire = Ordered(wire, request);
  Fit(&wire);
  return {static_cast<grpc::StatusCode>(status.code()), message, wire.SerializeAsString()};
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return StatusFromDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                           status.error_details());
}

}  // namespace trivium::rpc
