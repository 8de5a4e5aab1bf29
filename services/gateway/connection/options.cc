#include "services/gateway/connection/options.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"

namespace trivium::gateway {
namespace {

struct NumberRule {
  const char* field;
  double value, min, max;
};
struct TimeRule {
  const char* field;
  absl::Duration value, min, max;
};

}  // namespace

absl::Status Validate(const ReactorOptions& options) {
  constexpr double kGiB = 1 << 30;
  const NumberRule numbers[] = {
      {"max_connections", static_cast<double>(options.max_connections), 1, 1 << 24},
      {"max_message_bytes", static_cast<double>(options.max_message_bytes), 125, kGiB},
      {"frames_per_second", options.frames_per_second, 0, 1e6},
      {"frame_burst", static_cast<double>(options.frame_burst), 1, 1e6},
      {"max_queue_bytes", static_cast<double>(options.max_queue_bytes), 1024, kGiB},
      {"max_queue_frames", static_cast<double>(options.max_queue_frames), 4, 1 << 20},
      {"max_process_queue_bytes", static_cast<double>(options.max_process_queue_bytes),
       static_cast<double>(options.max_queue_bytes), 1024 * kGiB},
      {"max_channels", static_cast<double>(options.max_channels), 1, 1 << 16},
      {"max_submissions", static_cast<double>(options.max_submissions), 16, 1 << 24},
      {"slow_code", static_cast<double>(options.slow_code), 3000, 4999},
      {"unsent_limit_bytes", static_cast<double>(options.unsent_limit_bytes), 0, kGiB},
  };
  const absl::Duration ms = absl::Milliseconds(1), day = absl::Hours(24);
  const TimeRule times[] = {
      {"coalescing", options.coalescing, absl::ZeroDuration(), 50 * ms},
      {"max_coalescing", options.max_coalescing, absl::ZeroDuration(), 50 * ms},
      {"connect_timeout", options.connect_timeout, ms, day},
      {"ping_interval", options.ping_interval, 2 * ms, day},
      {"pong_timeout", options.pong_timeout, ms, options.ping_interval - ms},
      {"message_timeout", options.message_timeout, ms, day},
      {"close_timeout", options.close_timeout, ms, day},
      {"dead_peer_timeout", options.dead_peer_timeout, ms, day},
  };
  std::vector<std::pair<std::string, std::string>> violations;
  for (const auto& [field, value, min, max] : numbers) {
    // Written so that NaN is refused.
    if (!(value >= min && value <= max)) violations.emplace_back(field, absl::StrCat(value, ", want ", min, "-", max));
  }
  for (const auto& [field, value, min, max] : times) {
    if (value >= min && value <= max) continue;
    violations.emplace_back(field, absl::StrCat(absl::FormatDuration(value), ", want ", absl::FormatDuration(min), "-",
                                                absl::FormatDuration(max)));
  }
  return FieldsError(violations);
}

}  // namespace trivium::gateway
