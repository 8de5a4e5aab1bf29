#include "services/gateway/edge/connect_edge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/http/connect.h"
#include "libs/http/connect_codec.h"
#include "libs/http/gzip.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/trace.h"
#include "libs/text/view.h"
#include "services/gateway/edge/client_address.h"
#include "services/gateway/edge/cors.h"

namespace trivium::gateway {
namespace {

constexpr std::string_view kCommandPath = "/command/";
constexpr size_t kGzipFrom = 1024;  // Shorter answers do not gain by it.
constexpr size_t kMaxProduct = 32;

bool IsNameCharacter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// "/package.Service/Method"
bool IsMethodPath(std::string_view path) {
  const size_t slash = path.find('/', 1);
  if (slash == path.npos || slash == 1 || slash + 1 == path.size()) return false;
  return std::ranges::all_of(path.substr(1, slash - 1), [](char c) { return IsNameCharacter(c) || c == '.'; }) &&
         std::ranges::all_of(path.substr(slash + 1), IsNameCharacter);
}

// False: the path is no command's.
bool NameCommand(std::string_view path, CommandCall* call) {
  if (path.starts_with(kCommandPath)) {
    call->name = std::string(path.substr(kCommandPath.size()));
    return !call->name.empty();
  }
  call->method = std::string(path.substr(1));
  return IsMethodPath(path);
}

bool IsProduct(std::string_view text) {
  return text.size() <= kMaxProduct && std::ranges::all_of(text, [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
         });
}

absl::Status BadHeader(const absl::Status& status) {
  return Error(absl::StatusCode::kInvalidArgument, "HEADER_INVALID", ToStd(status.message()));
}

// The bearer's token of an Authorization header.
absl::StatusOr<std::string_view> TokenOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(ToAbsl(authorization), ToAbsl(kScheme))) {
    return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID", "authorization: want Bearer and a token");
  }
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(authorization.substr(kScheme.size()))));
}

}  // namespace

// What an answer needs of its request.
struct ConnectEdge::Exchange {
  http::Responder respond;
  http::ConnectCodec codec = http::ConnectCodec::kJson;
  std::string origin;  // That may read the answer; "": none.
  std::string trace_id;
  TraceContext trace;
  absl::Duration began;
  bool accepts_gzip = false;
};

void ConnectEdge::Serve(http::Request request, http::Responder respond) {
  if (request.method == "OPTIONS") return respond(AnswerPreflight(request, parts_.profiles));
  Exchange exchange{.respond = std::move(respond)};
  exchange.began = parts_.clock.Monotonic();
  const TraceContext* trace = ScopedTrace::Current();
  exchange.trace = trace == nullptr ? TraceContext::NewRoot() : *trace;
  const std::string peer = ClientAddress(request, trusted_proxies_);
  const std::string origin(request.Header("origin"));
  if (!parts_.profiles.AnyAllowsOrigin(origin)) return Refuse(std::move(exchange), peer, OriginDenied(origin));
  exchange.origin = origin;
  CommandCall named;
  if (!NameCommand(request.path, &named)) {
    http::Response response{404, "text/plain; charset=utf-8", {}, "not found\n"};
    AllowOrigin(origin, &response);
    return exchange.respond(std::move(response));
  }
  const auto codec = http::ParseConnectContentType(request.Header("content-type"));
  if (!codec) {
    http::Response response{415, "", {{"Accept-Post", "application/json, application/proto"}}, ""};
    AllowOrigin(origin, &response);
    return exchange.respond(std::move(response));
  }
  exchange.codec = *codec;
  exchange.accepts_gzip = http::AcceptsGzip(request.Header("accept-encoding"));
  absl::StatusOr<CommandCall> call = ToCall(request, peer);
  if (!call.ok()) return Refuse(std::move(exchange), peer, call.status());
  call->name = std::move(named.name);
  call->method = std::move(named.method);
  call->form = call->answer_form = exchange.codec == http::ConnectCodec::kJson ? BodyForm::kJson : BodyForm::kProtobuf;
  call->traceparent = exchange.trace.ToHeader();
  parts_.executor.Execute(*std::move(call),
                          [this, exchange = std::move(exchange)](absl::StatusOr<std::string> answer) mutable {
                            Answer(std::move(exchange), std::move(answer));
                          });
}

absl::StatusOr<CommandCall> ConnectEdge::ToCall(http::Request& request, std::string_view peer) {
  CommandCall call;
  call.peer = std::string(peer);
  if (const absl::Status status = http::CheckConnectVersion(request.Header("connect-protocol-version")); !status.ok())
    return BadHeader(status);
  const auto timeout = http::ParseConnectTimeout(request.Header("connect-timeout-ms"));
  if (!timeout.ok()) return BadHeader(timeout.status());
  call.timeout = *timeout;
  const auto gzip = http::ParseConnectEncoding(request.Header("content-encoding"));
  if (!gzip.ok()) return Error(absl::StatusCode::kUnimplemented, "ENCODING_UNKNOWN", ToStd(gzip.status().message()));
  call.gzip = *gzip && !request.body.empty();
  TRIVIUM_RETURN_IF_ERROR(Identify(request, &call));
  const std::string_view origin = request.Header("origin");
  if (!origin.empty()) {
    const auto profile = parts_.profiles.Find(call.product);
    if (profile == nullptr || !profile->AllowsOrigin(origin)) return OriginDenied(origin);
  }
  call.payload = std::move(request.body);
  return call;
}

absl::Status ConnectEdge::Identify(const http::Request& request, CommandCall* call) {
  const std::string_view authorization = request.Header("authorization");
  if (authorization.empty()) {
    const std::string_view product = request.Header("x-trivium-product");
    if (!IsProduct(product)) return BadHeader(absl::InvalidArgumentError("x-trivium-product: want a product's name"));
    call->product = std::string(product);
    return absl::OkStatus();
  }
  TRIVIUM_ASSIGN_OR_RETURN(const std::string_view token, TokenOf(authorization));
  TRIVIUM_ASSIGN_OR_RETURN(Bearer bearer, parts_.tokens.CheckAny(token));
  call->product = std::move(bearer.identity.product);
  call->uid = std::move(bearer.identity.uid);
  call->scope = bearer.is_backend ? AuthScope::kBackend : AuthScope::kUser;
  return absl::OkStatus();
}

void ConnectEdge::Answer(Exchange exchange, absl::StatusOr<std::string> answer) const {
  http::Response response;
  if (answer.ok()) {
    response.content_type = std::string(http::ConnectContentType(exchange.codec));
    response.body = *std::move(answer);
    if (exchange.accepts_gzip && response.body.size() >= kGzipFrom) {
      response.body = http::GzipCompress(response.body);
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
    response.headers.emplace_back("Vary", "Accept-Encoding");
  } else {
    response = http::ConnectError(answer.status(), exchange.trace.trace_id);
    if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  AllowOrigin(exchange.origin, &response);
  if (draining_.load()) response.headers.emplace_back("Connection", "close");
  exchange.respond(std::move(response));
}

// Of a request that was no call.
void ConnectEdge::Refuse(Exchange exchange, std::string_view peer, const absl::Status& status) const {
  parts_.access_log.Write(exchange.trace, {.what = "request",
                                           .via = "http",
                                           .peer = peer,
                                           .status = status,
                                           .reason = ReasonOf(status),
                                           .took = parts_.clock.Monotonic() - exchange.began});
  Answer(std::move(exchange), status);
}

}  // namespace trivium::gateway
