// The conformance suites over a real Redis.
#include "services/live/admission/redis_under_test.h"

namespace trivium::live {

std::unique_ptr<AdmissionUnderTest> NewAdmissionUnderTest(const AdmissionOptions& options) {
  return std::make_unique<RedisUnderTest>(options);
}

}  // namespace trivium::live
