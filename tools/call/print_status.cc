#include "tools/call/print_status.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "external/google/rpc/error_details.pb.h"
#include "external/google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"

namespace trivium::call {
namespace {

struct Details {
  std::string reason;
  std::string trace_id;
  std::vector<std::string> lines;
};

void Add(const google::rpc::ErrorInfo& info, Details* details) {
  details->reason = info.reason();
  for (const auto& [key, value] : info.metadata()) details->lines.push_back(absl::StrCat(key, " = ", value));
}

void Add(const google::rpc::BadRequest& request, Details* details) {
  for (const auto& violation : request.field_violations()) {
    details->lines.push_back(absl::StrCat("field ", violation.field(), ": ", violation.description()));
  }
}

void Add(const google::rpc::RetryInfo& info, Details* details) {
  const double seconds = static_cast<double>(info.retry_delay().seconds()) + info.retry_delay().nanos() / 1e9;
  details->lines.push_back(absl::StrCat("retry after ", seconds, " s"));
}

void Add(const google::rpc::QuotaFailure& failure, Details* details) {
  for (const auto& violation : failure.violations()) {
    details->lines.push_back(absl::StrCat("quota ", violation.subject(), ": ", violation.description()));
  }
}

void Add(const google::rpc::PreconditionFailure& failure, Details* details) {
  for (const auto& violation : failure.violations()) {
    details->lines.push_back(absl::StrCat("precondition ", violation.subject(), ": ", violation.description()));
  }
}

void Add(const google::rpc::RequestInfo& info, Details* details) { details->trace_id = info.request_id(); }

template <typename... Types>
void AddAny(const google::protobuf::Any& any, Details* details) {
  const auto add = [&](auto message) {
    if (any.Is<decltype(message)>() && any.UnpackTo(&message)) Add(message, details);
  };
  (add(Types()), ...);
}

Details Read(const grpc::Status& status) {
  Details details;
  google::rpc::Status wire;
  if (!wire.ParseFromString(status.error_details())) return details;
  for (const auto& any : wire.details()) {
    AddAny<google::rpc::ErrorInfo, google::rpc::BadRequest, google::rpc::RetryInfo, google::rpc::QuotaFailure,
           google::rpc::PreconditionFailure, google::rpc::RequestInfo>(any, &details);
  }
  return details;
}

}  // namespace

std::string DescribeError(const grpc::Status& status, std::string_view trace_id) {
  const Details details = Read(status);
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  std::string text = absl::StrCat(absl::StatusCodeToString(code), details.reason.empty() ? "" : " ", details.reason,
                                  ": ", status.error_message());
  for (const std::string& line : details.lines) absl::StrAppend(&text, "\n  ", line);
  const std::string trace = details.trace_id.empty() ? std::string(trace_id) : details.trace_id;
  absl::StrAppend(&text, "\n  trace ", trace, " (./trv logs --trace ", trace, ")");
  return text;
}

}  // namespace trivium::call
