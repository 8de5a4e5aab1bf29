#include "tools/call/print_status.h"

#include <string>

#include "external/google/rpc/error_details.pb.h"
#include "external/google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

namespace trivium::call {
namespace {

TEST(DescribeError, ShowsReasonFieldsMetadataAndTrace) {
  google::rpc::ErrorInfo info;
  info.set_reason("REFUND_EXCEEDS_PAYMENT");
  (*info.mutable_metadata())["refundable_minor"] = "300";
  google::rpc::BadRequest request;
  auto* violation = request.add_field_violations();
  violation->set_field("amount.amount_minor");
  violation->set_description("500, want <= 300");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  google::rpc::RequestInfo trace;
  trace.set_request_id("abc");
  google::rpc::Status wire;
  wire.add_details()->PackFrom(info);
  wire.add_details()->PackFrom(request);
  wire.add_details()->PackFrom(retry);
  wire.add_details()->PackFrom(trace);

  EXPECT_EQ(
      DescribeError(grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "too much", wire.SerializeAsString()), "mine"),
      "FAILED_PRECONDITION REFUND_EXCEEDS_PAYMENT: too much\n"
      "  refundable_minor = 300\n"
      "  field amount.amount_minor: 500, want <= 300\n"
      "  retry after 0.5 s\n"
      "  trace abc (./trv logs --trace abc)");
}

TEST(DescribeError, WorksWithoutDetailsAndWithBrokenOnes) {
  EXPECT_EQ(DescribeError(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no connection"), "mine"),
            "UNAVAILABLE: no connection\n  trace mine (./trv logs --trace mine)");
  EXPECT_EQ(DescribeError(grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xff"), "mine"),
            "INTERNAL: x\n  trace mine (./trv logs --trace mine)");
}

}  // namespace
}  // namespace trivium::call
