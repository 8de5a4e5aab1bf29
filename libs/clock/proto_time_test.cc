#include "libs/clock/proto_time.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

namespace trivium {
namespace {

TEST(ProtoTimeTest, DurationsComeBack) {
  for (const absl::Duration d : {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(1500),
                                 absl::Hours(9600), -absl::Milliseconds(1500), -absl::Seconds(2)}) {
    google::protobuf::Duration proto;
    SetDuration(d, &proto);
    EXPECT_EQ(ToDuration(proto), d);
    EXPECT_GE(static_cast<double>(proto.seconds()) * proto.nanos(), 0) << "of one sign, as Protobuf wants it";
  }
}

TEST(ProtoTimeTest, TimesAreWholeMicroseconds) {
  const struct {
    int64_t unix_nanos, seconds;
    int32_t nanos;
  } kCases[] = {{0, 0, 0},
                {1'999'999'999, 1, 999'999'000},
                {1'790'000'000'123'456'789, 1'790'000'000, 123'456'000},
                {-1, -1, 999'999'000},
                {-1'500'000'000, -2, 500'000'000}};
  for (const auto& c : kCases) {
    google::protobuf::Timestamp proto;
    SetTime(absl::FromUnixNanos(c.unix_nanos), &proto);
    EXPECT_EQ(proto.seconds(), c.seconds) << c.unix_nanos;
    EXPECT_EQ(proto.nanos(), c.nanos) << c.unix_nanos;
    EXPECT_EQ(ToTime(proto), absl::FromUnixMicros(absl::ToUnixMicros(absl::FromUnixNanos(c.unix_nanos))));
  }
}

}  // namespace
}  // namespace trivium
