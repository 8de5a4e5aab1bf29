#include "services/gateway/clients/options.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

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

absl::Status Validate(const ClientsOptions& options) {
  constexpr double kMillion = 1e6, kGiB = 1 << 30;
  const NumberRule numbers[] = {
      {"reactors", static_cast<double>(options.reactors), 0, 256},
      {"token_threads", static_cast<double>(options.token_threads), 1, 64},
      {"token_queue_max", static_cast<double>(options.token_queue_max), 1, kMillion},
      {"work_queue_max", static_cast<double>(options.work_queue_max), 1, kMillion},
      {"ring_max", static_cast<double>(options.ring_max), 1, 10'000},
      {"ring_bytes_max", static_cast<double>(options.ring_bytes_max), 1024, kGiB},
      {"all_rings_bytes_max", static_cast<double>(options.all_rings_bytes_max),
       static_cast<double>(options.ring_bytes_max), 64 * kGiB},
      {"channels_max", static_cast<double>(options.channels_max), 1, kMillion},
      {"room_threads", static_cast<double>(options.room_threads), 1, 64},
      {"room_cache_max", static_cast<double>(options.room_cache_max), 1, 10 * kMillion},
      {"report_messages_max", static_cast<double>(options.report_messages_max), 1, 10 * kMillion},
  };
  const absl::Duration ms = absl::Milliseconds(1), minute = absl::Minutes(1), hour = absl::Hours(1);
  const TimeRule times[] = {
      {"batch_window", options.batch_window, absl::ZeroDuration(), 100 * ms},
      {"channel_grace", options.channel_grace, absl::ZeroDuration(), hour},
      {"check_interval", options.check_interval, 100 * ms, hour},
      {"redis_timeout", options.redis_timeout, ms, minute},
      {"push_timeout", options.push_timeout, ms, minute},
      {"room_cache_ttl", options.room_cache_ttl, absl::ZeroDuration(), minute},
      {"ack_patience", options.ack_patience, ms, minute},
      {"report_interval", options.report_interval, 10 * ms, minute},
      {"probe_interval", options.probe_interval, 10 * ms, minute},
      {"stop_grace", options.stop_grace, absl::ZeroDuration(), minute},
  };
  std::vector<std::pair<std::string, std::string>> violations;
  if (options.instance.empty() || options.instance.size() > 128) {
    violations.emplace_back("instance", absl::StrCat(options.instance.size(), " bytes, want 1-128"));
  }
  for (const auto& [field, value, min, max] : numbers) {
    if (value < min || value > max) violations.emplace_back(field, absl::StrCat(value, ", want ", min, "-", max));
  }
  for (const auto& [field, value, min, max] : times) {
    if (value >= min && value <= max) continue;
    violations.emplace_back(field, absl::StrCat(absl::FormatDuration(value), ", want ", absl::FormatDuration(min), "-",
                                                absl::FormatDuration(max)));
  }
  TRIVIUM_RETURN_IF_ERROR(FieldsError(violations));
  TRIVIUM_RETURN_IF_ERROR(redis::CheckOptions(options.redis));
  return Validate(options.connection);
}

}  // namespace trivium::gateway
