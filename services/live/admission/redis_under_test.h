// A Redis of the test's own (one node, or a cluster: libs/redis/any_test_redis.h), shared by all its cases; each has a
// cell of its own.
#pragma once

#include <memory>

#include "libs/redis/any_test_redis.h"
#include "libs/redis/client.h"
#include "services/live/admission/admission_conformance.h"

namespace trivium::live {

redis::AnyTestRedis& SharedRedis();
// For each address one client of some connections, which lives for ever.
redis::Client& SharedClient();

class RedisUnderTest : public AdmissionUnderTest {
 public:
  explicit RedisUnderTest(AdmissionOptions options);
  Admission& admission() override { return *admission_; }
  void Lose() override;  // FLUSHALL.

 private:
  std::unique_ptr<Admission> admission_;
};

}  // namespace trivium::live
