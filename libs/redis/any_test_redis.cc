#include "libs/redis/any_test_redis.h"

#include <cstdlib>
#include <string_view>

#include "libs/redis/test_redis.h"
#include "libs/redis/test_redis_cluster.h"
#include "libs/status/status.h"

namespace trivium::redis {

absl::StatusOr<std::unique_ptr<AnyTestRedis>> AnyTestRedis::Start() {
  const char* wanted = std::getenv("TRIVIUM_TEST_REDIS");
  if (wanted != nullptr && std::string_view(wanted) == "cluster") return TestRedisCluster::Start();
  return TestRedis::Start();
}

absl::Status AnyTestRedis::Flush() const { return RunOnAll({"FLUSHALL"}).status(); }

absl::StatusOr<int64_t> AnyTestRedis::CountKeys() const {
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Reply> sizes, RunOnAll({"DBSIZE"}));
  int64_t keys = 0;
  for (const Reply& size : sizes) {
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t here, size.Integer());
    keys += here;
  }
  return keys;
}

}  // namespace trivium::redis
