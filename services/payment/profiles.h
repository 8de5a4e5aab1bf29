// What a product has decided about its payments, as a struct that the request path reads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium {
namespace common::v1 {
class ProductProfile;
}
namespace control_client {
class ConfigWatcher;
}
}  // namespace trivium

namespace trivium::payment {

struct Profile {
  std::string time_zone;
  absl::TimeZone zone;
  std::vector<std::string> currencies;
  int64_t commission_bps = 0;
  absl::Duration payment_timeout = absl::Minutes(30);
  bool accept_late_success = false;
  std::string psp;
  int64_t max_amount_minor = 100'000'000;
  int max_calls_per_second = 2000;
};

// INVALID_ARGUMENT when the proto breaks its own rules, FAILED_PRECONDITION when it has no payment part.
absl::StatusOr<Profile> ToProfile(const common::v1::ProductProfile& proto);

// Thread-safe.
class Profiles {
 public:
  virtual ~Profiles() = default;
  // nullptr: the product cannot pay.
  virtual std::shared_ptr<const Profile> Find(const std::string& product) = 0;
};

// From control's config items; the last good ones when control is away. watcher outlives it.
std::unique_ptr<Profiles> NewConfigProfiles(const control_client::ConfigWatcher& watcher);

// FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED.
absl::Status ProductNotConfigured(const std::string& product);

}  // namespace trivium::payment
