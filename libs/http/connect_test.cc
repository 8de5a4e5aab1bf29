#include "libs/http/connect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "external/google/rpc/error_details.pb.h"
#include "google/protobuf/struct.pb.h"
#include "libs/http/client.h"
#include "libs/http/gzip.h"
#include "libs/status/error.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"

namespace trivium::http {
namespace {

using google::rpc::ErrorInfo;
using testing::Contains;
using testing::Pair;
using Headers = std::vector<std::pair<std::string, std::string>>;

class ConnectTest : public testing::Test {
 protected:
  ConnectTest() : server_({.name = "test"}, metrics_) {
    // Answers the request with its metadata extended by the path; fails for the reason "FAIL".
    HandleConnect<ErrorInfo, ErrorInfo>(
        server_, pool_, "acme.v1.Echo/Say", [this](ConnectCall& call, const ErrorInfo& request, ErrorInfo* response) {
          deadline_ = call.deadline;
          call.response_headers.emplace_back("Set-Cookie", "a=b; HttpOnly");
          if (request.reason() == "FAIL")
            return absl::Status(Error(absl::StatusCode::kNotFound, "NO_SUCH", "thing: x, want one that is there"));
          *response = request;
          (*response->mutable_metadata())["path"] = call.request->path;
          return absl::OkStatus();
        });
    EXPECT_TRUE(server_.Start().ok());
  }
  Response Call(Headers headers, std::string body, const char* method = "POST") {
    const auto response = client_.Send({.method = method,
                                        .url = absl::StrCat("http://127.0.0.1:", server_.port(), "/acme.v1.Echo/Say"),
                                        .headers = std::move(headers),
                                        .body = std::move(body)});
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(Response{.status = 0});
  }
  std::string Code(const Response& response) { return nlohmann::json::parse(response.body).value("code", ""); }

  Metrics metrics_;
  WorkerPool pool_{"test", 2, 10};
  absl::Time deadline_;
  Server server_;
  Client client_;
};

const Headers kJson = {{"Content-Type", "application/json"}};
Headers JsonWith(std::string name, std::string value) { return {kJson[0], {std::move(name), std::move(value)}}; }

TEST_F(ConnectTest, SpeaksJson) {
  const Response response = Call(kJson, R"({"reason":"A"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(nlohmann::json::parse(response.body),
            nlohmann::json::parse(R"({"reason":"A","metadata":{"path":"/acme.v1.Echo/Say"}})"));
  EXPECT_THAT(response.headers, Contains(Pair("set-cookie", "a=b; HttpOnly")));
}

TEST_F(ConnectTest, SpeaksProto) {
  ErrorInfo request, answer;
  request.set_reason("B");
  const Response response =
      Call({{"Content-Type", "application/proto"}, {"Connect-Protocol-Version", "1"}}, request.SerializeAsString());
  EXPECT_EQ(response.content_type, "application/proto");
  ASSERT_TRUE(answer.ParseFromString(response.body));
  EXPECT_EQ(answer.reason(), "B");
}

TEST_F(ConnectTest, ErrorsAreJsonWithDetailsForBothCodecs) {
  ErrorInfo request;
  request.set_reason("FAIL");
  for (const Response& response : {Call(kJson, R"({"reason":"FAIL"})"),
                                   Call({{"Content-Type", "application/proto"}}, request.SerializeAsString())}) {
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.content_type, "application/json");
    const auto error = nlohmann::json::parse(response.body);
    EXPECT_EQ(error["code"], "not_found");
    EXPECT_EQ(error["details"][0]["type"], "google.rpc.ErrorInfo");
    EXPECT_EQ(error["details"][0]["debug"]["reason"], "NO_SUCH");
    EXPECT_THAT(response.headers, Contains(Pair("set-cookie", "a=b; HttpOnly")));
    EXPECT_THAT(response.headers, Contains(Pair("x-trace-id", testing::SizeIs(32))));
  }
}

TEST_F(ConnectTest, RefusesWhatTheProtocolRefuses) {
  EXPECT_EQ(Call({{"Content-Type", "text/plain"}}, "{}").status, 415);
  EXPECT_EQ(Call({}, "{}").status, 415);
  EXPECT_EQ(Call(kJson, "", "GET").status, 405);
  EXPECT_EQ(Code(Call(JsonWith("Connect-Protocol-Version", "2"), "{}")), "invalid_argument");
  EXPECT_EQ(Code(Call(JsonWith("Connect-Timeout-Ms", "1h"), "{}")), "invalid_argument");
  EXPECT_EQ(Code(Call(JsonWith("Content-Encoding", "br"), "{}")), "unimplemented");
  EXPECT_EQ(Code(Call(kJson, "{")), "invalid_argument");
  EXPECT_EQ(Code(Call(kJson, "")), "invalid_argument");
}

TEST_F(ConnectTest, TheTimeoutBecomesTheDeadline) {
  Call(JsonWith("Connect-Timeout-Ms", "60000"), "{}");
  EXPECT_GT(deadline_, absl::Now() + absl::Seconds(50));
  EXPECT_LT(deadline_, absl::Now() + absl::Seconds(61));
  Call(kJson, "{}");
  EXPECT_LT(deadline_, absl::Now() + absl::Seconds(11));
  const Response late = Call(JsonWith("Connect-Timeout-Ms", "0"), "{}");
  EXPECT_EQ(late.status, 504);
  EXPECT_EQ(Code(late), "deadline_exceeded");
}

TEST_F(ConnectTest, PacksBothWays) {
  const std::string large(5000, 'x');
  const std::string body = GzipCompress(absl::StrCat(R"({"reason":")", large, R"("})"));
  const Response response = Call({kJson[0], {"Content-Encoding", "gzip"}, {"Accept-Encoding", "br, gzip"}}, body);
  EXPECT_THAT(response.headers, Contains(Pair("content-encoding", "gzip")));
  EXPECT_EQ(nlohmann::json::parse(*GzipDecompress(response.body, 10000))["reason"], large);
  EXPECT_THAT(Call(JsonWith("Accept-Encoding", "gzip"), "{}").headers,
              testing::Not(Contains(Pair("content-encoding", "gzip"))));
}

TEST_F(ConnectTest, ABombIsResourceExhausted) {
  EXPECT_EQ(Code(Call(JsonWith("Content-Encoding", "gzip"), GzipCompress(std::string(100 << 20, ' ')))),
            "resource_exhausted");
}

}  // namespace
}  // namespace trivium::http
