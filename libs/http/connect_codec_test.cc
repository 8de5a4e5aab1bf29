#include "libs/http/connect_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "external/google/rpc/error_details.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "libs/http/gzip.h"
#include "libs/status/error.h"

namespace trivium::http {
namespace {

using testing::HasSubstr;

TEST(ConnectContentTypeTest, KnowsTwoCodecs) {
  for (const char* json : {"application/json", "Application/JSON", "application/json; charset=utf-8",
                           "application/json;charset=\"UTF-8\""}) {
    EXPECT_EQ(ParseConnectContentType(json), ConnectCodec::kJson) << json;
  }
  EXPECT_EQ(ParseConnectContentType("application/proto"), ConnectCodec::kProto);
  for (const char* other : {"", "text/plain", "application/json; charset=gbk", "application/connect+json",
                            "application/grpc", "application/jsonx"}) {
    EXPECT_EQ(ParseConnectContentType(other), std::nullopt) << other;
  }
}

TEST(ConnectTimeoutTest, IsAtMostTenDigits) {
  EXPECT_EQ(*ParseConnectTimeout(""), absl::InfiniteDuration());
  EXPECT_EQ(*ParseConnectTimeout("1500"), absl::Milliseconds(1500));
  EXPECT_EQ(*ParseConnectTimeout("0"), absl::ZeroDuration());
  EXPECT_EQ(*ParseConnectTimeout("9999999999"), absl::Milliseconds(9999999999));
  for (const char* bad : {"10000000000", "-1", "+1", "1s", " 1", "0x1", "1.5"}) {
    EXPECT_EQ(ParseConnectTimeout(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(ConnectVersionTest, IsOneOrAbsent) {
  EXPECT_TRUE(CheckConnectVersion("").ok());
  EXPECT_TRUE(CheckConnectVersion("1").ok());
  EXPECT_FALSE(CheckConnectVersion("2").ok());
}

TEST(AcceptsGzipTest, ReadsTheList) {
  for (const char* yes : {"gzip", "br, gzip", "GZIP", "deflate,gzip;q=0.5", "gzip;q=1.0, identity"})
    EXPECT_TRUE(AcceptsGzip(yes)) << yes;
  for (const char* no : {"", "br", "identity", "gzip;q=0", "xgzip", "gzip; q=x"}) EXPECT_FALSE(AcceptsGzip(no)) << no;
}

TEST(DecodeConnectBodyTest, UnpacksOrTellsWhatIsSupported) {
  EXPECT_EQ(*DecodeConnectBody("", "a"), "a");
  EXPECT_EQ(*DecodeConnectBody("identity", "a"), "a");
  EXPECT_EQ(*DecodeConnectBody("gzip", GzipCompress("a")), "a");
  EXPECT_EQ(*DecodeConnectBody("gzip", ""), "");
  EXPECT_EQ(DecodeConnectBody("gzip", "no gzip").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodeConnectBody("gzip", GzipCompress(std::string(kMaxConnectMessage + 1, 'x'))).status().code(),
            absl::StatusCode::kResourceExhausted);
  const absl::Status br = DecodeConnectBody("br", "a").status();
  EXPECT_EQ(br.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(br.message()), HasSubstr("gzip"));
}

TEST(ConnectMessageTest, JsonIsCanonical) {
  google::protobuf::Int64Value big;
  big.set_value(9007199254740993);
  EXPECT_EQ(*FormatConnectMessage(ConnectCodec::kJson, big), "\"9007199254740993\"");
  google::protobuf::DoubleValue nan;
  ASSERT_TRUE(ParseConnectMessage(ConnectCodec::kJson, "\"NaN\"", &nan).ok());
  EXPECT_NE(nan.value(), nan.value());
  EXPECT_EQ(*FormatConnectMessage(ConnectCodec::kJson, nan), "\"NaN\"");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(
      ParseConnectMessage(ConnectCodec::kJson, R"({"reason":"A","not_known":{"x":[1]},"metadata":{"k":"数"}})", &info)
          .ok());
  EXPECT_EQ(info.metadata().at("k"), "数");
}

TEST(ConnectMessageTest, RefusesOtherBytes) {
  google::rpc::ErrorInfo info;
  for (const std::string& bad :
       {std::string(), std::string("null x"), std::string("{"), std::string("[]"), std::string(R"({"reason":[1]})"),
        std::string(R"({"reason":{}})"), std::string(100000, '[')}) {
    EXPECT_EQ(ParseConnectMessage(ConnectCodec::kJson, bad, &info).code(), absl::StatusCode::kInvalidArgument)
        << bad.substr(0, 50);
  }
  EXPECT_FALSE(ParseConnectMessage(ConnectCodec::kProto, "\xff\xff", &info).ok());
  google::protobuf::Value value;
  EXPECT_FALSE(ParseConnectMessage(ConnectCodec::kJson, std::string(5000, '[') + std::string(5000, ']'), &value).ok());
}

TEST(ConnectErrorTest, HasCodeMessageAndDetails) {
  const absl::Status status = Error(absl::StatusCode::kFailedPrecondition, "TOO_LATE", "state: x, want y")
                                  .With("state", "x")
                                  .RetryAfter(absl::Seconds(2));
  const auto error = nlohmann::json::parse(FormatConnectError(status));
  EXPECT_EQ(error["code"], "failed_precondition");
  EXPECT_EQ(error["message"], "state: x, want y");
  bool found = false;
  for (const auto& detail : error["details"]) {
    EXPECT_THAT(detail["value"].get<std::string>(), testing::Not(HasSubstr("=")));
    if (detail["type"] != "google.rpc.ErrorInfo") continue;
    found = true;
    EXPECT_EQ(detail["debug"]["reason"], "TOO_LATE");
    EXPECT_EQ(detail["debug"]["metadata"]["state"], "x");
  }
  EXPECT_TRUE(found);
}

TEST(ConnectErrorTest, EveryCodeHasAStatus) {
  const std::pair<absl::StatusCode, int> table[] = {{absl::StatusCode::kCancelled, 499},
                                                    {absl::StatusCode::kInvalidArgument, 400},
                                                    {absl::StatusCode::kDeadlineExceeded, 504},
                                                    {absl::StatusCode::kNotFound, 404},
                                                    {absl::StatusCode::kAlreadyExists, 409},
                                                    {absl::StatusCode::kPermissionDenied, 403},
                                                    {absl::StatusCode::kResourceExhausted, 429},
                                                    {absl::StatusCode::kAborted, 409},
                                                    {absl::StatusCode::kUnimplemented, 501},
                                                    {absl::StatusCode::kUnavailable, 503},
                                                    {absl::StatusCode::kUnauthenticated, 401},
                                                    {absl::StatusCode::kInternal, 500},
                                                    {absl::StatusCode::kOk, 500}};
  for (const auto& [code, http] : table) EXPECT_EQ(ConnectHttpStatus(code), http);
}

TEST(ConnectErrorTest, AnyBytesInAMessageGiveValidJson) {
  const auto error = nlohmann::json::parse(FormatConnectError(absl::InternalError("\xff\x00\"")), nullptr, false);
  EXPECT_EQ(error["code"], "internal");
}

}  // namespace
}  // namespace trivium::http
