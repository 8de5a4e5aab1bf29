// What a product has decided about its messages, as a struct that the request path reads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/fanout/publisher.h"
#include "libs/product_profiles/rate_limits.h"
#include "services/push/domain/message.h"

namespace trivium {
namespace common::v1 {
class ProductProfile;
}
namespace control_client {
class ConfigWatcher;
}
}  // namespace trivium

namespace trivium::push {

struct Profile {
  std::string time_zone = "UTC";
  absl::TimeZone zone = absl::UTCTimeZone();
  absl::Duration message_ttl = absl::Hours(24);
  absl::Duration ack_timeout = absl::Seconds(10);
  fanout::HistoryOptions history;  // 300 messages, 10 min.
  bool rooms_for_members_only = false;
  int max_messages_per_second = 2000;
  int max_high_priority_per_second = 200;
  int max_calls_per_second = 2000;
  int max_pending_per_user = 10'000;

  // The business day of a time: "2026-11-22".
  std::string DayOf(absl::Time time) const;
};

// INVALID_ARGUMENT when the proto breaks its own rules, FAILED_PRECONDITION when it has no push part.
absl::StatusOr<Profile> ToProfile(const common::v1::ProductProfile& proto);

// Thread-safe.
class Profiles {
 public:
  virtual ~Profiles() = default;
  // nullptr: the product has no messages.
  virtual std::shared_ptr<const Profile> Find(const std::string& product) = 0;
  // For messages that were accepted already: the defaults where the product has no profile any more.
  std::shared_ptr<const Profile> FindOrDefault(const std::string& product);
};

// From control's config items; the last good ones when control is away. watcher outlives it.
std::unique_ptr<Profiles> NewConfigProfiles(const control_client::ConfigWatcher& watcher);

// FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED.
absl::Status ProductNotConfigured(const std::string& product);

// Messages per second of each product, by its profile: those of priority HIGH by themselves. Thread-safe.
class MessageQuotas {
 public:
  explicit MessageQuotas(Clock& clock) : limits_(clock) {}
  // OK, or RESOURCE_EXHAUSTED QUOTA_EXCEEDED.
  absl::Status Take(const std::string& product, const Profile& profile, Priority priority);

 private:
  RateLimits limits_;
};

}  // namespace trivium::push
