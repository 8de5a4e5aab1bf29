#include "libs/config/checks.h"

#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

namespace trivium::config {
namespace {

google::protobuf::Duration Seconds(int64_t seconds) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  return duration;
}

TEST(ChecksTest, TakesTheEndsOfARange) {
  Checks checks;
  checks.Range("a", 1, 1, 3);
  checks.Range("a", 3, 1, 3);
  checks.Range("b", Seconds(1), absl::Seconds(1), absl::Seconds(3));
  checks.Range("b", Seconds(3), absl::Seconds(1), absl::Seconds(3));
  checks.NotEmpty("c", "x", "something");
  EXPECT_EQ(checks.count(), 0u);
  EXPECT_TRUE(checks.Result().ok());
}

TEST(ChecksTest, NamesEachWrongFieldWithItsValueAndWhatIsWanted) {
  Checks checks;
  checks.Range("part.a", 0, 1, 3);
  checks.Range("part.a", 4, 1, 3);
  checks.Range("b", Seconds(0), absl::Milliseconds(100), absl::Seconds(60));
  checks.NotEmpty("c", "", "an IP address and port");
  checks.Wrong("d", "\"x\", want \"log\" or nothing");
  EXPECT_EQ(checks.count(), 5u);
  EXPECT_EQ(checks.Result().message(),
            "part.a: 0, want 1 to 3; part.a: 4, want 1 to 3; b: 0, want 100ms to 1m; c: empty, want an IP address and "
            "port; d: \"x\", want \"log\" or nothing");
}

}  // namespace
}  // namespace trivium::config
