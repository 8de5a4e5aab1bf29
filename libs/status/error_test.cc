#include "libs/status/error.h"

#include <gtest/gtest.h>

#include "external/google/rpc/error_details.pb.h"
#include "external/google/rpc/status.pb.h"

namespace trivium {
namespace {

absl::StatusOr<int> Refuse() {
  return Error(absl::StatusCode::kFailedPrecondition, "REFUND_EXCEEDS_PAYMENT",
               "amount.amount_minor: 500, want <= 300 (refundable)")
      .With("refundable_minor", 300)
      .With("payment_id", std::string("pay_1"))
      .Field("amount.amount_minor", "500, want <= 300 (refundable)")
      .Precondition("REFUNDABLE", "payment:pay_1", "refund at most 300")
      .RetryAfter(absl::Milliseconds(1500));
}

template <typename Detail>
Detail DetailOf(const google::rpc::Status& status) {
  Detail detail;
  for (const auto& any : status.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  ADD_FAILURE() << "no " << Detail::descriptor()->full_name();
  return detail;
}

google::rpc::Status ProtoOf(const absl::Status& status) {
  google::rpc::Status proto;
  EXPECT_TRUE(proto.ParseFromString(SerializeDetails(status)));
  return proto;
}

TEST(Error, CarriesReasonMetadataAndDetails) {
  const absl::Status status = Refuse().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "REFUND_EXCEEDS_PAYMENT");
  EXPECT_EQ(MetadataOf(status, "refundable_minor"), "300");
  EXPECT_EQ(MetadataOf(status, "payment_id"), "pay_1");
  EXPECT_EQ(MetadataOf(status, "other"), "");

  const google::rpc::Status proto = ProtoOf(status);
  EXPECT_EQ(proto.code(), 9);
  EXPECT_EQ(proto.message(), "amount.amount_minor: 500, want <= 300 (refundable)");
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(proto).domain(), "trivium");
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(proto).field_violations(0).field(), "amount.amount_minor");
  EXPECT_EQ(DetailOf<google::rpc::PreconditionFailure>(proto).violations(0).subject(), "payment:pay_1");
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(proto).retry_delay().seconds(), 1);
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(proto).retry_delay().nanos(), 500'000'000);
}

TEST(Error, SurvivesAProcessBorder) {
  const absl::Status sent = Refuse().status();
  const absl::Status received =
      StatusFromDetails(sent.code(), {sent.message().data(), sent.message().size()}, SerializeDetails(sent));
  EXPECT_EQ(received, sent);
}

TEST(Error, ForeignOrBrokenDetailsAreNoDetails) {
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), "");
  EXPECT_EQ(SerializeDetails(absl::InternalError("x")), "");
  EXPECT_EQ(StatusFromDetails(absl::StatusCode::kInternal, "x", "\xff\xff"), absl::InternalError("x"));
  EXPECT_TRUE(StatusFromDetails(absl::StatusCode::kOk, "", "").ok());
  absl::Status broken = absl::InternalError("x");
  broken.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord("\xff"));
  EXPECT_EQ(ReasonOf(broken), "");
}

TEST(Error, FieldsErrorJoinsViolations) {
  EXPECT_TRUE(FieldsError({}).ok());
  const absl::Status status = FieldsError({{"subject", "empty, want 1-120 characters"}, {"order_ref", "'', want 1"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "subject: empty, want 1-120 characters; order_ref: '', want 1");
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(ProtoOf(status)).field_violations_size(), 2);
}

TEST(Error, StaysSmallEnoughForTrailersAndIsAlwaysUtf8) {
  const std::string huge(100'000, 'x');
  Error error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID", huge);
  error.With("bad", "\xff\xfe");
  for (int i = 0; i < 1000; ++i) error.Field(huge, huge).Quota(huge, huge).Precondition(huge, huge, huge);
  const absl::Status status = error;
  EXPECT_EQ(status.message().size(), 1000u);
  EXPECT_EQ(MetadataOf(status, "bad"), "\uFFFD\uFFFD");
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(ProtoOf(status)).field_violations_size(), 8);
}

}  // namespace
}  // namespace trivium
