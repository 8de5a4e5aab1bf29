#include "libs/rpc/wire_status.h"

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include "external/google/rpc/error_details.pb.h"
#include "external/google/rpc/status.pb.h"
#include "libs/status/error.h"

namespace trivium::rpc {
namespace {

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status wire;
  EXPECT_TRUE(wire.ParseFromString(status.error_details()));
  return wire;
}

TEST(WireStatusTest, CarriesReasonFieldsAndTraceThereAndBack) {
  const absl::Status status = Error(absl::StatusCode::kInvalidArgument, "AMOUNT_INVALID", "amount: 5, want 1-3")
                                  .With("max", 3)
                                  .Field("amount", "5, want 1-3");
  const grpc::Status wire = ToGrpcStatus(status, kTrace);
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire.error_message(), "amount: 5, want 1-3");
  google::rpc::RequestInfo request;
  ASSERT_GE(Details(wire).details_size(), 3);
  ASSERT_TRUE(Details(wire).details(1).UnpackTo(&request));
  EXPECT_EQ(request.request_id(), kTrace);

  const absl::Status back = FromGrpcStatus(wire);
  EXPECT_EQ(back.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(back), "AMOUNT_INVALID");
  EXPECT_EQ(MetadataOf(back, "max"), "3");
}

TEST(WireStatusTest, GivesAReasonToAStatusThatHasNone) {
  EXPECT_EQ(ReasonOf(FromGrpcStatus(ToGrpcStatus(absl::NotFoundError("no such thing"), kTrace))), "NOT_FOUND");
}

TEST(WireStatusTest, KeepsInternalWordsInside) {
  for (const absl::Status& status : {absl::InternalError("mysql: secret at 10.0.0.7"), absl::UnknownError("secret"),
                                     absl::UnavailableError("secret")}) {
    const grpc::Status wire = ToGrpcStatus(status, kTrace);
    EXPECT_EQ(wire.error_message().find("secret"), std::string::npos) << wire.error_message();
    EXPECT_EQ(wire.error_details().find("secret"), std::string::npos);
    EXPECT_NE(wire.error_message().find(kTrace), std::string::npos);
  }
  const absl::Status ours = Error(absl::StatusCode::kUnavailable, "SERVER_DRAINING", "the server stops");
  EXPECT_EQ(ToGrpcStatus(ours, kTrace).error_message(), "the server stops");
}

TEST(WireStatusTest, FitsIntoTheTrailersOfStockPeers) {
  Error error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID", std::string(100'000, 'x'));
  for (int i = 0; i < 1000; ++i) error.Field("items[" + std::to_string(i) + "].name", std::string(100, 'y'));
  const grpc::Status wire = ToGrpcStatus(error, kTrace);
  EXPECT_LT(wire.error_message().size() + wire.error_details().size() * 4 / 3, 6u << 10);
  const absl::Status back = FromGrpcStatus(wire);
  EXPECT_EQ(ReasonOf(back), "FIELD_INVALID");
  google::rpc::BadRequest fields;
  ASSERT_TRUE(Details(wire).details(Details(wire).details_size() - 1).UnpackTo(&fields));
  EXPECT_EQ(fields.field_violations(0).field(), "items[0].name");
}

TEST(WireStatusTest, SurvivesBytesThatAreNoText) {
  const grpc::Status wire = ToGrpcStatus(absl::InvalidArgumentError("name: \xff\xfe, want text"), kTrace);
  EXPECT_EQ(FromGrpcStatus(wire).code(), absl::StatusCode::kInvalidArgument);
}

TEST(WireStatusTest, ToleratesDetailsThatAreGarbage) {
  const absl::Status back = FromGrpcStatus(grpc::Status(grpc::StatusCode::ABORTED, "m", "\x01\x02garbage"));
  EXPECT_EQ(back.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(back), "");
}

}  // namespace
}  // namespace trivium::rpc
