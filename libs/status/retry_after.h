// When a call that was refused may be repeated.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace trivium {

// RetryInfo.retry_delay of a status (Error::RetryAfter); zero when it has none, or none above zero.
absl::Duration RetryAfterOf(const absl::Status& status);

}  // namespace trivium
