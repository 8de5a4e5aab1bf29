#include "libs/status/retry_after.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "external/google/rpc/error_details.pb.h"
#include "libs/clock/proto_time.h"

namespace trivium {

absl::Duration RetryAfterOf(const absl::Status& status) {
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.RetryInfo");
  google::rpc::RetryInfo retry;
  if (!payload || !retry.ParseFromString(std::string(*payload))) return absl::ZeroDuration();
  return std::max(ToDuration(retry.retry_delay()), absl::ZeroDuration());
}

}  // namespace trivium
