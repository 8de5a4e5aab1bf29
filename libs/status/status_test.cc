#include "libs/status/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace trivium {
namespace {

absl::Status Check(bool ok) { return ok ? absl::OkStatus() : absl::NotFoundError("gone"); }

absl::Status RunBoth(bool first, bool second) {
  TRIVIUM_RETURN_IF_ERROR(Check(first));
  TRIVIUM_RETURN_IF_ERROR(Check(second));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<int>> Make(bool ok) {
  TRIVIUM_RETURN_IF_ERROR(Check(ok));
  return std::make_unique<int>(7);
}

absl::StatusOr<int> Take(bool first, bool second) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<int> a, Make(first));
  std::unique_ptr<int> b;
  TRIVIUM_ASSIGN_OR_RETURN(b, Make(second));
  return *a + *b;
}

TEST(Status, ReturnIfErrorPassesTheFirstErrorOn) {
  EXPECT_TRUE(RunBoth(true, true).ok());
  EXPECT_EQ(RunBoth(false, true), absl::NotFoundError("gone"));
  EXPECT_EQ(RunBoth(true, false), absl::NotFoundError("gone"));
}

TEST(Status, AssignOrReturnMovesTheValueOrPassesTheError) {
  EXPECT_EQ(Take(true, true).value(), 14);
  EXPECT_EQ(Take(false, true).status(), absl::NotFoundError("gone"));
  EXPECT_EQ(Take(true, false).status(), absl::NotFoundError("gone"));
}

}  // namespace
}  // namespace trivium
