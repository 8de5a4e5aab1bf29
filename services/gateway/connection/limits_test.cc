// Options and rates.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "services/gateway/connection/frame_rate.h"
#include "services/gateway/connection/options.h"

namespace trivium::gateway {
namespace {

TEST(ReactorOptions, DefaultsAreValid) { EXPECT_TRUE(Validate({}).ok()); }

TEST(ReactorOptions, NamesEveryWrongField) {
  const absl::Status status = Validate({.max_connections = 0,
                                        .frames_per_second = std::nan(""),
                                        .slow_code = 1000,
                                        .coalescing = absl::Milliseconds(51),
                                        .max_coalescing = absl::Milliseconds(52),
                                        .ping_interval = absl::Seconds(5),
                                        .pong_timeout = absl::Seconds(5)});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* field :
       {"max_connections: 0, want 1-", "frames_per_second: nan", "slow_code: 1000, want 3000-4999",
        "coalescing: 51ms, want 0-50ms", "max_coalescing: 52ms, want 0-50ms", "pong_timeout: 5s, want 1ms-4.999s"}) {
    EXPECT_NE(std::string(status.message()).find(field), std::string::npos) << field << " in " << status;
  }
}

TEST(FrameRate, LetsABurstPassAndThenTheRate) {
  FrameRate rate;
  uint64_t now = 1'000'000;
  const auto passed = [&](int tries) {
    int n = 0;
    for (int i = 0; i < tries; ++i) n += rate.Take(now, 10, 5) ? 1 : 0;
    return n;
  };
  EXPECT_EQ(passed(100), 5);
  now += 100'000;
  EXPECT_EQ(passed(100), 1);
  now += 99'999;
  EXPECT_EQ(passed(100), 0);
  now += 1;
  EXPECT_EQ(passed(100), 1);
  now += 3600'000'000ull;
  EXPECT_EQ(passed(100), 5);
}

TEST(FrameRate, ZeroIsNoLimit) {
  FrameRate rate;
  for (int i = 0; i < 10000; ++i) ASSERT_TRUE(rate.Take(0, 0, 1));
}

}  // namespace
}  // namespace trivium::gateway
