#include "libs/server/protobuf_log.h"

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"

namespace trivium::server {
namespace {

int LinesIn(const std::string& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

TEST(ProtobufLogTest, AFloodBecomesAFewLinesAndACount) {
  static auto& clock = *new FakeClock();
  static auto& metrics = *new Metrics();
  CaptureProtobufLog(clock, metrics);
  google::protobuf::StringValue value;
  testing::internal::CaptureStderr();
  for (int i = 0; i < 1000; ++i) value.ParseFromString("\x0a\x02\xff\xff");  // No UTF-8: the library complains.
  const std::string flood = testing::internal::GetCapturedStderr();
  EXPECT_EQ(LinesIn(flood), 10) << flood;
  EXPECT_NE(flood.find("\"message\":\"protobuf\""), std::string::npos) << "as our lines are";
  EXPECT_EQ(metrics.GetCounter({"trivium_protobuf_log_lines_total", ""}).Value(), 1000);
  clock.Advance(absl::Seconds(2));
  testing::internal::CaptureStderr();
  for (int i = 0; i < 1000; ++i) value.ParseFromString("\x0a\x02\xff\xff");
  EXPECT_EQ(LinesIn(testing::internal::GetCapturedStderr()), 2);
}

}  // namespace
}  // namespace trivium::server
