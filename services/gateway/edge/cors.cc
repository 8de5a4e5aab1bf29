#include "services/gateway/edge/cors.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr char kRequestHeaders[] =
    "Authorization, Content-Type, Content-Encoding, Accept-Encoding, Connect-Protocol-Version, Connect-Timeout-Ms, "
    "Traceparent, X-Trivium-Product, X-User-Agent";
constexpr char kAnswerHeaders[] = "Content-Encoding, X-Trace-Id, Retry-After";
constexpr char kMaxAge[] = "7200";  // Seconds; what Chromium caps it at.
constexpr size_t kMaxShown = 100;

}  // namespace

void AllowOrigin(std::string_view origin, http::Response* response) {
  if (origin.empty()) return;
  response->headers.emplace_back("Access-Control-Allow-Origin", origin);
  response->headers.emplace_back("Access-Control-Expose-Headers", kAnswerHeaders);
  response->headers.emplace_back("Vary", "Origin");
}

http::Response AnswerPreflight(const http::Request& request, const Profiles& profiles) {
  const std::string_view origin = request.Header("origin");
  http::Response response{204, "", {}, ""};
  if (origin.empty() || request.Header("access-control-request-method").empty()) {
    response.headers.emplace_back("Allow", "OPTIONS, POST");
    return response;
  }
  if (!profiles.AnyAllowsOrigin(origin))
    return {403, "text/plain; charset=utf-8", {{"Vary", "Origin"}}, "origin not allowed\n"};
  AllowOrigin(origin, &response);
  response.headers.emplace_back("Access-Control-Allow-Methods", "POST");
  response.headers.emplace_back("Access-Control-Allow-Headers", kRequestHeaders);
  response.headers.emplace_back("Access-Control-Max-Age", kMaxAge);
  return response;
}

absl::Status OriginDenied(std::string_view origin) {
  return Error(absl::StatusCode::kPermissionDenied, "ORIGIN_DENIED",
               absl::StrCat("origin: ", ToAbsl(ToValidUtf8(Utf8Prefix(origin, kMaxShown))),
                            ", want one that the product allows"));
}

}  // namespace trivium::gateway
