// Metrics of the client and the subscriber. "name" is ClientOptions.name or SubscriberOptions.name.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/telemetry/metrics.h"

namespace trivium::redis {

inline constexpr Metric kCommands{
    "trivium_redis_commands_total",
    "Commands that ended, by name (rare ones are \"other\", scripts \"SCRIPT\") and code.",
    {"name", "command", "code"}};
inline constexpr Metric kCommandSeconds{"trivium_redis_command_seconds",
                                        "Duration of a call with its repetitions, in seconds; a batch is \"PIPELINE\".",
                                        {"name", "command"}};
inline constexpr Metric kPoolInUse{"trivium_redis_pool_in_use", "Connections that are borrowed now.", {"name"}};
inline constexpr Metric kPoolOpen{"trivium_redis_pool_open", "Connections that are open now.", {"name"}};
inline constexpr Metric kPoolWaitSeconds{
    "trivium_redis_pool_wait_seconds", "Wait for a free connection, in seconds.", {"name"}};
inline constexpr Metric kConnects{
    "trivium_redis_connects_total", "Connections opened, or not, by code.", {"name", "code"}};
inline constexpr Metric kRepeats{"trivium_redis_repeats_total",
                                 "Commands sent again, by reason: moved, ask, try_again, no_script, lost.",
                                 {"name", "reason"}};
inline constexpr Metric kRefreshes{
    "trivium_redis_slot_refreshes_total", "Readings of the cluster's slot map, by code.", {"name", "code"}};
inline constexpr Metric kSubscriberMessages{
    "trivium_redis_subscriber_messages_total", "Messages handed to the listener.", {"name"}};
inline constexpr Metric kSubscriberConnects{"trivium_redis_subscriber_connects_total",
                                            "Connections of the subscriber opened, or not, by code.",
                                            {"name", "code"}};
inline constexpr Metric kSubscriberLost{
    "trivium_redis_subscriber_lost_total", "Times that messages may have been missed.", {"name"}};
inline constexpr Metric kSubscriberChannels{
    "trivium_redis_subscriber_channels", "Channels that are wanted now.", {"name"}};

// Label of a command: its name in upper case when it is on the list of client_metrics.cc, "SCRIPT" for EVAL and
// EVALSHA, "other" else. Static.
std::string_view CommandLabel(std::string_view name);

// What a client records. Thread-safe, without a lock once a label was seen.
class ClientMetrics {
 public:
  ClientMetrics(std::string name, Metrics& metrics);

  void Ended(std::string_view command, absl::StatusCode code);
  // label: of CommandLabel, or "PIPELINE".
  void Took(std::string_view label, absl::Duration duration);
  void Repeated(std::string_view reason, size_t commands);
  void Connected(const absl::Status& status);
  void Refreshed(const absl::Status& status);

  Gauge& in_use;
  Gauge& open;
  Histogram& wait;

 private:
  static constexpr size_t kCodes = 17, kLabels = 64;

  const std::string name_;
  Metrics& metrics_;
  std::array<std::array<std::atomic<Counter*>, kCodes>, kLabels> ended_{};
  std::array<std::atomic<Histogram*>, kLabels> seconds_{};
};

}  // namespace trivium::redis
