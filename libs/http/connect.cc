#include "libs/http/connect.h"

#include <google/protobuf/message.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/http/connect_codec.h"
#include "libs/http/gzip.h"
#include "libs/log/log.h"
#include "libs/status/status.h"
#include "libs/telemetry/trace.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(10);
constexpr absl::Duration kMaxTimeout = absl::Hours(1);
constexpr size_t kGzipFrom = 1024;  // Shorter answers do not gain by it.

struct Method {
  std::string name;
  const google::protobuf::Message& request;
  const google::protobuf::Message& response;
  ConnectHandler handler;
};

// The answer's bytes, before compression.
absl::StatusOr<std::string> Run(const Method& method, ConnectCodec codec, absl::Time arrived, ConnectCall& call) {
  const Request& http = *call.request;
  TRIVIUM_RETURN_IF_ERROR(CheckConnectVersion(http.Header("connect-protocol-version")));
  TRIVIUM_ASSIGN_OR_RETURN(const absl::Duration timeout, ParseConnectTimeout(http.Header("connect-timeout-ms")));
  call.deadline = arrived + (timeout == absl::InfiniteDuration() ? kDefaultTimeout : std::min(timeout, kMaxTimeout));
  if (absl::Now() >= call.deadline) return absl::DeadlineExceededError("deadline passed before the call began");
  TRIVIUM_ASSIGN_OR_RETURN(const std::string body, DecodeConnectBody(http.Header("content-encoding"), http.body));
  const std::unique_ptr<google::protobuf::Message> request(method.request.New()), response(method.response.New());
  TRIVIUM_RETURN_IF_ERROR(ParseConnectMessage(codec, body, request.get()));
  TRIVIUM_RETURN_IF_ERROR(method.handler(call, *request, response.get()));
  return FormatConnectMessage(codec, *response);
}

Response Succeeded(ConnectCodec codec, std::string body, const Request& request) {
  Response response{200, std::string(ConnectContentType(codec)), {{"Vary", "Accept-Encoding"}}, std::move(body)};
  if (response.body.size() >= kGzipFrom && AcceptsGzip(request.Header("accept-encoding"))) {
    response.body = GzipCompress(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

Response Failed(const Method& method, const absl::Status& status) {
  const TraceContext* trace = ScopedTrace::Current();
  if (status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown) {
    TRIVIUM_LOG(kError, "connect call failed", {"method", method.name}, {"status", status});
  }
  return ConnectError(status, trace == nullptr ? "" : trace->trace_id);
}

Response Serve(const Method& method, absl::Time arrived, const Request& request) {
  const std::optional<ConnectCodec> codec = ParseConnectContentType(request.Header("content-type"));
  if (!codec) return {415, "", {{"Accept-Post", "application/json, application/proto"}}, ""};
  ConnectCall call{.request = &request, .deadline = absl::InfiniteFuture(), .response_headers = {}};
  absl::StatusOr<std::string> body = Run(method, *codec, arrived, call);
  Response response = body.ok() ? Succeeded(*codec, *std::move(body), request) : Failed(method, body.status());
  for (auto& header : call.response_headers) response.headers.push_back(std::move(header));
  return response;
}

}  // namespace

void HandleConnect(Server& server, WorkerPool& pool, std::string_view method,
                   const google::protobuf::Message& request_prototype,
                   const google::protobuf::Message& response_prototype, ConnectHandler handler) {
  const auto shared = std::make_shared<const Method>(
      Method{std::string(method), request_prototype, response_prototype, std::move(handler)});
  server.HandleBlocking("POST", absl::StrCat("/", shared->name), pool,
                        [shared](const Request& request) { return Serve(*shared, request.arrived, request); });
}

}  // namespace trivium::http
