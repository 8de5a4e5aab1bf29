#include "libs/status/retry_after.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "external/google/rpc/error_details.pb.h"
#include "libs/status/error.h"

namespace trivium {
namespace {

absl::Status With(const std::string& retry_info) {
  absl::Status status = absl::UnavailableError("x");
  status.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord(retry_info));
  return status;
}

TEST(RetryAfterTest, IsWhatTheErrorSaid) {
  const Error error(absl::StatusCode::kUnavailable, "BUSY", "try again");
  EXPECT_EQ(RetryAfterOf(error.ToStatus()), absl::ZeroDuration());
  EXPECT_EQ(RetryAfterOf(Error(error).RetryAfter(absl::Milliseconds(1500)).ToStatus()), absl::Milliseconds(1500));
  EXPECT_EQ(RetryAfterOf(absl::OkStatus()), absl::ZeroDuration());
}

TEST(RetryAfterTest, TimesInThePastAndBrokenOnesAreNone) {
  google::rpc::RetryInfo past;
  past.mutable_retry_delay()->set_seconds(-5);
  EXPECT_EQ(RetryAfterOf(With(past.SerializeAsString())), absl::ZeroDuration());
  EXPECT_EQ(RetryAfterOf(With("\xff")), absl::ZeroDuration());
}

}  // namespace
}  // namespace trivium
