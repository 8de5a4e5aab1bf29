// Connect's errors: https://connectrpc.com/docs/protocol#error-codes
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "external/google/rpc/status.pb.h"
#include "libs/http/connect.h"
#include "libs/http/connect_codec.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

using nlohmann::json;

struct CodeRow {
  absl::StatusCode code;
  const char* name;
  int http;
};

constexpr CodeRow kCodes[] = {
    {absl::StatusCode::kCancelled, "canceled", 499},
    {absl::StatusCode::kUnknown, "unknown", 500},
    {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
    {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
    {absl::StatusCode::kNotFound, "not_found", 404},
    {absl::StatusCode::kAlreadyExists, "already_exists", 409},
    {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
    {absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
    {absl::StatusCode::kFailedPrecondition, "failed_precondition", 400},
    {absl::StatusCode::kAborted, "aborted", 409},
    {absl::StatusCode::kOutOfRange, "out_of_range", 400},
    {absl::StatusCode::kUnimplemented, "unimplemented", 501},
    {absl::StatusCode::kInternal, "internal", 500},
    {absl::StatusCode::kUnavailable, "unavailable", 503},
    {absl::StatusCode::kDataLoss, "data_loss", 500},
    {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
};

// An OK here is a programmer's error and is told as one.
const CodeRow& Row(absl::StatusCode code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return Row(absl::StatusCode::kInternal);
}

std::string UnpaddedBase64(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

// The detail as JSON for people; null when its type is not linked in.
json Debug(const std::string& type, const std::string& bytes) {
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) return nullptr;
  const std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  std::string text;
  if (!message->ParseFromString(bytes) || !google::protobuf::util::MessageToJsonString(*message, &text).ok())
    return nullptr;
  return json::parse(text, nullptr, false);
}

json Details(const absl::Status& status) {
  json details = json::array();
  google::rpc::Status proto;
  if (!proto.ParseFromString(SerializeDetails(status))) return details;
  for (const auto& any : proto.details()) {
    const std::string type = any.type_url().substr(any.type_url().rfind('/') + 1);
    json detail = {{"type", type}, {"value", UnpaddedBase64(any.value())}};
    if (json debug = Debug(type, any.value()); debug.is_object()) detail["debug"] = std::move(debug);
    details.push_back(std::move(detail));
  }
  return details;
}

}  // namespace

int ConnectHttpStatus(absl::StatusCode code) { return Row(code).http; }

std::string FormatConnectError(const absl::Status& status) {
  json error = {{"code", Row(status.code()).name}};
  if (!status.message().empty()) error["message"] = std::string(status.message());
  if (json details = Details(status); !details.empty()) error["details"] = std::move(details);
  // A message may hold any bytes.
  return error.dump(-1, ' ', false, json::error_handler_t::replace);
}

Response ConnectError(const absl::Status& status, std::string_view trace_id) {
  Response response{ConnectHttpStatus(status.code()), "application/json", {}, FormatConnectError(status)};
  if (!trace_id.empty()) response.headers.emplace_back("X-Trace-Id", trace_id);
  return response;
}

}  // namespace trivium::http
