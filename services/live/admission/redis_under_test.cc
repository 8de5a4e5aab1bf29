#include "services/live/admission/redis_under_test.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/live/admission/redis_admission.h"

namespace trivium::live {

redis::AnyTestRedis& SharedRedis() {
  static redis::AnyTestRedis* const redis = redis::AnyTestRedis::Start().value().release();
  return *redis;
}

redis::Client& SharedClient() {
  static redis::Client* const client = [] {
    redis::ClientOptions options = SharedRedis().client_options();
    options.pool_size = 64;
    options.command_timeout = options.acquire_timeout = absl::Seconds(20);  // Tests of 64 threads on a busy machine.
    return redis::NewClient(options, Clock::Real(), *new Metrics).value().release();
  }();
  return *client;
}

RedisUnderTest::RedisUnderTest(AdmissionOptions options) {
  static std::atomic<int> cells{0};
  options.cell = absl::StrCat("cell-", ++cells);
  admission_ = NewRedisAdmission(options, SharedClient()).value();
}

void RedisUnderTest::Lose() { ASSERT_EQ(SharedRedis().Flush(), absl::OkStatus()); }

}  // namespace trivium::live
