#include "services/gateway/edge/connect_edge.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/http/gzip.h"
#include "libs/rpc/wire_status.h"
#include "libs/status/error.h"
#include "services/gateway/edge/edge_fixture.h"

namespace trivium::gateway {
namespace {

constexpr char kEcho[] = "/command/echo", kEchoMethod[] = "/trivium.gateway.testing.EchoService/Echo";

TEST_F(EdgeTest, CallsByNameAndByMethodInBothForms) {
  for (const char* path : {kEcho, kEchoMethod}) {
    const Answer json = Call(path, R"({"fInt64":"7"})");
    EXPECT_EQ(json.status, 200);
    EXPECT_EQ(json.headers.at("content-type"), "application/json");
    EXPECT_EQ(json.body, R"({"everything":{"fInt64":"7"}})");

    gateway::testing::Everything request;
    request.set_f_int64(7);
    const Answer proto =
        Send("POST", path, {{"Content-Type", "application/proto"}, {"Authorization", "Bearer " + UserToken()}},
             request.SerializeAsString());
    EXPECT_EQ(proto.status, 200);
    EXPECT_EQ(proto.headers.at("content-type"), "application/proto");
    gateway::testing::EverythingResponse response;
    ASSERT_TRUE(response.ParseFromString(proto.body));
    EXPECT_EQ(response.everything().f_int64(), 7);
  }
  EXPECT_EQ(Call(kEcho, "").body, R"({"everything":{}})") << "an empty body is an empty message";
}

// facts of the protocol: https://connectrpc.com/docs/protocol
TEST_F(EdgeTest, AnswersAsTheProtocolSays) {
  const std::string token = "Bearer " + UserToken();
  const struct {
    const char* what;
    const char* path;
    Headers headers;
    std::string body;
    int status;
    std::string error;  // "" : not an error of Connect.
  } kCases[] = {
      {"charset",
       kEcho,
       {{"Content-Type", "application/json; charset=utf-8"}, {"Authorization", token}},
       "{}",
       200,
       ""},
      {"version",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Connect-Protocol-Version", "1"}},
       "{}",
       200,
       ""},
      {"other version",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Connect-Protocol-Version", "2"}},
       "{}",
       400,
       "invalid_argument HEADER_INVALID"},
      {"no codec", kEcho, {{"Authorization", token}}, "{}", 415, ""},
      {"unknown codec", kEcho, {{"Content-Type", "application/xml"}, {"Authorization", token}}, "{}", 415, ""},
      {"streaming codec",
       kEcho,
       {{"Content-Type", "application/connect+json"}, {"Authorization", token}},
       "{}",
       415,
       ""},
      {"gRPC", kEcho, {{"Content-Type", "application/grpc"}, {"Authorization", token}}, "{}", 415, ""},
      {"time",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Connect-Timeout-Ms", "3000"}},
       "{}",
       200,
       ""},
      {"no time",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Connect-Timeout-Ms", "0"}},
       "{}",
       504,
       "deadline_exceeded DEADLINE_EXCEEDED"},
      {"eleven digits",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Connect-Timeout-Ms", "10000000000"}},
       "{}",
       400,
       "invalid_argument HEADER_INVALID"},
      {"no digits",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Connect-Timeout-Ms", "-1"}},
       "{}",
       400,
       "invalid_argument HEADER_INVALID"},
      {"identity",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Content-Encoding", "identity"}},
       "{}",
       200,
       ""},
      {"gzip of nothing",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Content-Encoding", "gzip"}},
       "",
       200,
       ""},
      {"unknown encoding",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Content-Encoding", "br"}},
       "{}",
       501,
       "unimplemented ENCODING_UNKNOWN"},
      {"no gzip",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}, {"Content-Encoding", "gzip"}},
       "{}",
       400,
       "invalid_argument BODY_INVALID"},
      {"no JSON",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}},
       "{",
       400,
       "invalid_argument BODY_INVALID"},
      {"no message",
       kEcho,
       {{"Content-Type", "application/proto"}, {"Authorization", token}},
       "\xff",
       400,
       "invalid_argument BODY_INVALID"},
      {"unknown command",
       "/command/nothing",
       {{"Content-Type", "application/json"}, {"Authorization", token}},
       "{}",
       501,
       "unimplemented COMMAND_UNKNOWN"},
      {"unknown method",
       "/a.B/C",
       {{"Content-Type", "application/json"}, {"Authorization", token}},
       "{}",
       501,
       "unimplemented COMMAND_UNKNOWN"},
      {"no command", "/command/", {{"Content-Type", "application/json"}, {"Authorization", token}}, "{}", 404, ""},
      {"no method", "/a.B/", {{"Content-Type", "application/json"}, {"Authorization", token}}, "{}", 404, ""},
      {"no path of ours", "/a/b/c", {{"Content-Type", "application/json"}, {"Authorization", token}}, "{}", 404, ""},
      {"a field of the wrong type",
       kEcho,
       {{"Content-Type", "application/json"}, {"Authorization", token}},
       R"({"fInt32":{}})",
       400,
       "invalid_argument BODY_INVALID"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Send("POST", c.path, c.headers, c.body);
    EXPECT_EQ(answer.status, c.status) << c.what << answer.body;
    if (c.error.empty()) continue;
    EXPECT_EQ(ErrorOf(answer), c.error) << c.what << answer.body;
    EXPECT_EQ(answer.headers.at("content-type"), "application/json") << c.what;
    EXPECT_EQ(answer.headers.at("x-trace-id").size(), 32u) << c.what;
  }
  const Answer codec = Send("POST", kEcho, {{"Content-Type", "text/plain"}, {"Authorization", token}}, "{}");
  EXPECT_EQ(codec.headers.at("accept-post"), "application/json, application/proto");
  const Answer get = Send("GET", kEcho, {});
  EXPECT_EQ(get.status, 405);
  EXPECT_NE(get.headers.at("allow").find("POST"), std::string::npos);
}

TEST_F(EdgeTest, ServicesErrorsHaveTheProtocolsCodesAndTheirDetails) {
  absl::Status status;
  backend_ = [&](const SeenCall&) { return BackendAnswer{rpc::ToGrpcStatus(status, ""), ""}; };
  const struct {
    absl::StatusCode code;
    int http;
    const char* name;
  } kCases[] = {{absl::StatusCode::kCancelled, 499, "canceled"},
                {absl::StatusCode::kInvalidArgument, 400, "invalid_argument"},
                {absl::StatusCode::kDeadlineExceeded, 504, "deadline_exceeded"},
                {absl::StatusCode::kNotFound, 404, "not_found"},
                {absl::StatusCode::kAlreadyExists, 409, "already_exists"},
                {absl::StatusCode::kPermissionDenied, 403, "permission_denied"},
                {absl::StatusCode::kResourceExhausted, 429, "resource_exhausted"},
                {absl::StatusCode::kFailedPrecondition, 400, "failed_precondition"},
                {absl::StatusCode::kAborted, 409, "aborted"},
                {absl::StatusCode::kOutOfRange, 400, "out_of_range"},
                {absl::StatusCode::kUnimplemented, 501, "unimplemented"},
                {absl::StatusCode::kInternal, 500, "internal"},
                {absl::StatusCode::kUnavailable, 503, "unavailable"},
                {absl::StatusCode::kDataLoss, 500, "data_loss"}};
  for (const auto& c : kCases) {
    status = Error(c.code, "SOME_REASON", "why").With("limit", 3).RetryAfter(absl::Seconds(2));
    const Answer answer = Call(kEcho, "{}");
    EXPECT_EQ(answer.status, c.http) << c.name;
    EXPECT_EQ(ErrorOf(answer), std::string(c.name) + " SOME_REASON");
    const auto error = nlohmann::json::parse(answer.body);
    EXPECT_EQ(error["message"], "why");
    EXPECT_EQ(error["details"][0]["type"], "google.rpc.ErrorInfo");
    EXPECT_EQ(error["details"][0]["debug"]["metadata"]["limit"], "3");
    EXPECT_EQ(error["details"][0]["value"].get<std::string>().find('='), std::string::npos) << "unpadded base64";
  }
}

TEST_F(EdgeTest, TokensSayWhoCallsAndWhatMayBeCalled) {
  v1::Command command = GoodCommand();
  command.set_auth_scope(v1::AUTH_SCOPE_BACKEND);
  command.set_method("Echo");
  world().source().Put("pay", command);
  command.set_auth_scope(v1::AUTH_SCOPE_NONE);
  world().source().Put("open", command);
  world().Refresh();
  const auto verdict = [&](const char* path, const std::string& authorization) {
    Headers headers = {{"Content-Type", "application/json"}};
    if (!authorization.empty()) headers.emplace_back("Authorization", authorization);
    const Answer answer = Send("POST", path, headers, "{}");
    EXPECT_EQ(answer.headers.count("www-authenticate"), answer.status == 401 ? 1u : 0u);
    return absl::StrCat(answer.status, " ", answer.status == 200 ? "" : ErrorOf(answer));
  };
  const std::string user = UserToken(), backend = BackendToken();
  jwt::Claims old;
  old.subject = "u-7";
  old.product = "acme";
  old.expires = world().tokens().clock().Now() - absl::Hours(1);
  const std::string expired = world().acme().Sign(old).value();
  const std::string foreign = world().tokens().Token(world().globex(), "acme", "u-7");
  const std::string globex = world().tokens().Token(world().globex(), "globex", "u-7");

  EXPECT_EQ(verdict("/command/pay", "Bearer " + backend), "200 ");
  EXPECT_EQ(verdict("/command/pay", "bearer   " + backend), "200 ");
  EXPECT_EQ(verdict("/command/pay", "Bearer " + user), "403 permission_denied SCOPE_DENIED");
  EXPECT_EQ(verdict(kEcho, "Bearer " + backend), "403 permission_denied SCOPE_DENIED");
  EXPECT_EQ(verdict(kEcho, "Bearer " + globex), "200 ") << "a command of all products";
  EXPECT_EQ(verdict(kEcho, "Bearer " + expired), "401 unauthenticated TOKEN_EXPIRED");
  EXPECT_EQ(verdict(kEcho, "Bearer " + foreign), "401 unauthenticated TOKEN_INVALID");
  EXPECT_EQ(verdict(kEcho, "Bearer nonsense"), "401 unauthenticated TOKEN_INVALID");
  EXPECT_EQ(verdict(kEcho, "Bearer " + std::string(9000, 'a')), "401 unauthenticated TOKEN_INVALID");
  EXPECT_EQ(verdict(kEcho, "Bearer "), "401 unauthenticated CREDENTIAL_INVALID") << "HTTP drops the blank";
  EXPECT_EQ(verdict(kEcho, "Basic dTpw"), "401 unauthenticated CREDENTIAL_INVALID");
  EXPECT_EQ(verdict(kEcho, ""), "400 invalid_argument PRODUCT_MISSING");
  EXPECT_EQ(verdict(kEchoMethod, "Bearer " + backend), "200 ") << "the method of pay";

  const Headers named = {{"Content-Type", "application/json"}, {"X-Trivium-Product", "acme"}};
  EXPECT_EQ(Send("POST", "/command/open", named, "{}").status, 200);
  EXPECT_EQ(ErrorOf(Send("POST", kEcho, named, "{}")), "unauthenticated CREDENTIAL_MISSING");
  // A header does not change whose token it is.
  std::string product;
  backend_ = [&](const SeenCall& call) {
    product = call.metadata.at("x-trivium-product");
    return BackendAnswer{};
  };
  EXPECT_EQ(Call(kEcho, "{}", {{"X-Trivium-Product", "globex"}}).status, 200);
  EXPECT_EQ(product, "acme");
}

TEST_F(EdgeTest, CompressesLongAnswersForThoseWhoAsk) {
  const std::string body = "{\"words\":[\"" + std::string(5000, 'x') + "\"]}";
  const Answer packed = Call(kEcho, body, {{"Accept-Encoding", "gzip"}});
  ASSERT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(http::GzipDecompress(packed.body, 1 << 20).value(), "{\"everything\":" + body + "}");
  EXPECT_EQ(Call(kEcho, body).headers.count("content-encoding"), 0u);
  EXPECT_EQ(Call(kEcho, "{}", {{"Accept-Encoding", "gzip"}}).headers.count("content-encoding"), 0u);
  EXPECT_EQ(Call(kEcho, http::GzipCompress(body), {{"Content-Encoding", "gzip"}}).body,
            "{\"everything\":" + body + "}");
}

TEST_F(EdgeTest, AGzipBombEndsAtTheCommandsLimit) {
  const Answer answer = Call(kEcho, http::GzipCompress(std::string(50 << 20, ' ')), {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(ErrorOf(answer), "resource_exhausted BODY_TOO_LARGE");
}

TEST_F(EdgeTest, PagesOfAProductsOriginsMayCallItAlone) {
  const auto preflight = [&](const std::string& origin) {
    return Send("OPTIONS", kEcho, {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}});
  };
  const Answer allowed = preflight("https://class.acme.com");
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.headers.at("access-control-allow-origin"), "https://class.acme.com");
  EXPECT_EQ(allowed.headers.at("access-control-allow-methods"), "POST");
  EXPECT_NE(allowed.headers.at("access-control-allow-headers").find("Authorization"), std::string::npos);
  EXPECT_EQ(allowed.headers.at("vary"), "Origin");
  EXPECT_EQ(allowed.headers.count("access-control-allow-credentials"), 0u);
  EXPECT_EQ(preflight("https://globex.com").status, 204) << "some product's; the call itself is checked by its token";
  EXPECT_EQ(preflight("https://evil.com").status, 403);
  EXPECT_EQ(preflight("https://evil.com").headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(preflight("null").status, 403);

  const Answer call = Call(kEcho, "{}", {{"Origin", "https://class.acme.com"}});
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(call.headers.at("access-control-allow-origin"), "https://class.acme.com");
  EXPECT_NE(call.headers.at("access-control-expose-headers").find("X-Trace-Id"), std::string::npos);
  EXPECT_NE(call.headers.at("vary").find("Origin"), std::string::npos);
  EXPECT_EQ(ErrorOf(Call(kEcho, "{}", {{"Origin", "https://globex.com"}})), "permission_denied ORIGIN_DENIED");
  EXPECT_EQ(ErrorOf(Call(kEcho, "{}", {{"Origin", "https://evil.com"}})), "permission_denied ORIGIN_DENIED");
  EXPECT_EQ(Call(kEcho, "{}", {{"Origin", "https://evil.com"}}).headers.count("access-control-allow-origin"), 0u);
  const Answer failed =
      Send("POST", kEcho,
           {{"Content-Type", "application/json"}, {"Origin", "https://class.acme.com"}, {"Authorization", "Bearer x"}},
           "{}");
  EXPECT_EQ(failed.status, 401);
  EXPECT_EQ(failed.headers.at("access-control-allow-origin"), "https://class.acme.com") << "the page may read why";
}

TEST_F(EdgeTest, LimitsCountTheClientsOwnAddress) {
  v1::Command command = GoodCommand();
  command.mutable_limits()->mutable_per_connection()->set_rate(0.001);
  world().source().Put("once", command);
  world().Refresh();
  options_.trusted_proxies = http::AddressSet::Parse({"127.0.0.0/8", "10.0.0.0/8"}).value();
  const auto status = [&](const std::string& forwarded) {
    return Call("/command/once", "{}", {{"X-Forwarded-For", forwarded}}).status;
  };
  EXPECT_EQ(status("203.0.113.7"), 200);
  EXPECT_EQ(status("203.0.113.7"), 429);
  EXPECT_EQ(status("203.0.113.8"), 200);
  EXPECT_EQ(status("1.2.3.4, 203.0.113.8, 10.0.0.1"), 429) << "what stands before the first untrusted one is made up";
  EXPECT_EQ(status("2001:db8::7"), 200);
}

TEST_F(EdgeTest, StrangersSayNothingOfTheirAddress) {
  v1::Command command = GoodCommand();
  command.mutable_limits()->mutable_per_connection()->set_rate(0.001);
  world().source().Put("once", command);
  world().Refresh();
  EXPECT_EQ(Call("/command/once", "{}", {{"X-Forwarded-For", "203.0.113.7"}}).status, 200);
  EXPECT_EQ(Call("/command/once", "{}", {{"X-Forwarded-For", "203.0.113.8"}}).status, 429);
}

}  // namespace
}  // namespace trivium::gateway
