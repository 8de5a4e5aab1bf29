// A backend's gRPC status as a client sees it: libs/rpc reads it, libs/http writes Connect's JSON. What the gateway
// relies on, held by a test.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/http/connect.h"
#include "libs/http/connect_codec.h"
#include "libs/rpc/wire_status.h"
#include "libs/status/error.h"

namespace trivium::gateway {
namespace {

using nlohmann::json;

TEST(ErrorAnswerTest, EveryCodeHasItsNameAndHttpStatus) {
  const struct {
    grpc::StatusCode code;
    const char* name;
    int http;
  } kCases[] = {
      {grpc::StatusCode::CANCELLED, "canceled", 499},
      {grpc::StatusCode::UNKNOWN, "unknown", 500},
      {grpc::StatusCode::INVALID_ARGUMENT, "invalid_argument", 400},
      {grpc::StatusCode::DEADLINE_EXCEEDED, "deadline_exceeded", 504},
      {grpc::StatusCode::NOT_FOUND, "not_found", 404},
      {grpc::StatusCode::ALREADY_EXISTS, "already_exists", 409},
      {grpc::StatusCode::PERMISSION_DENIED, "permission_denied", 403},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "resource_exhausted", 429},
      {grpc::StatusCode::FAILED_PRECONDITION, "failed_precondition", 400},
      {grpc::StatusCode::ABORTED, "aborted", 409},
      {grpc::StatusCode::OUT_OF_RANGE, "out_of_range", 400},
      {grpc::StatusCode::UNIMPLEMENTED, "unimplemented", 501},
      {grpc::StatusCode::INTERNAL, "internal", 500},
      {grpc::StatusCode::UNAVAILABLE, "unavailable", 503},
      {grpc::StatusCode::DATA_LOSS, "data_loss", 500},
      {grpc::StatusCode::UNAUTHENTICATED, "unauthenticated", 401},
  };
  for (const auto& c : kCases) {
    const http::Response answer = http::ConnectError(rpc::FromGrpcStatus(grpc::Status(c.code, "why\n\xff")), "");
    EXPECT_EQ(answer.status, c.http);
    EXPECT_EQ(answer.content_type, "application/json");
    EXPECT_EQ(json::parse(answer.body)["code"], c.name);
  }
}

TEST(ErrorAnswerTest, DetailsOfABackendReachTheClient) {
  const absl::Status status = Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED", "calls: 6, want fewer")
                                  .With("command", "push.ack")
                                  .Quota("user", "5 a second")
                                  .RetryAfter(absl::Milliseconds(1500));
  const grpc::Status wire = rpc::ToGrpcStatus(status, "0123456789abcdef0123456789abcdef");
  const json body = json::parse(http::FormatConnectError(rpc::FromGrpcStatus(wire)));
  EXPECT_EQ(body["code"], "resource_exhausted");
  std::map<std::string, json> debug;
  for (const json& detail : body["details"]) debug[detail["type"]] = detail["debug"];
  EXPECT_EQ(debug["google.rpc.ErrorInfo"]["reason"], "RATE_LIMITED");
  EXPECT_EQ(debug["google.rpc.ErrorInfo"]["metadata"]["command"], "push.ack");
  EXPECT_EQ(debug["google.rpc.RetryInfo"]["retryDelay"], "1.500s");
  EXPECT_TRUE(debug.contains("google.rpc.QuotaFailure"));
  EXPECT_EQ(debug["google.rpc.RequestInfo"]["requestId"], "0123456789abcdef0123456789abcdef");
}

}  // namespace
}  // namespace trivium::gateway
