// What a product has decided about its messages, as a struct that the request path reads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/fanout/publisher.h"
#include "libs/ha/token_bucket.h"
#include "libs/sync/mutex.h"
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

// Kind of the config items.
inline constexpr char kProfileKind[] = "product_profile";

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

// Token buckets by name, each with the rate of its last use; a second's worth may come at once. Thread-safe.
class RateLimits {
 public:
  explicit RateLimits(Clock& clock) : clock_(clock) {}
  // Zero: taken. Else how long to wait.
  absl::Duration Take(const std::string& name, int rate);

 private:
  struct Bucket {
    int rate = 0;
    std::shared_ptr<ha::TokenBucket> tokens;
  };

  Clock& clock_;  // Not owned.
  Mutex mu_;
  std::map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mu_);
};

// Calls per second of each product, by its profile; unknown products get 50 calls per second each. Thread-safe.
class ProductLimits {
 public:
  ProductLimits(Profiles& profiles, Clock& clock) : profiles_(profiles), limits_(clock) {}
  // OK, or RESOURCE_EXHAUSTED RATE_LIMITED.
  absl::Status Admit(std::string_view product);

 private:
  Profiles& profiles_;  // Not owned.
  RateLimits limits_;
};

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
