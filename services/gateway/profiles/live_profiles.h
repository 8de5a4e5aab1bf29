// The profiles of now, from control's config items.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/commands/config_source.h"
#include "services/gateway/profiles/profiles.h"

namespace trivium::common::v1 {
class GatewayProfile;
}

namespace trivium::gateway {

inline constexpr std::string_view kProfileKind = "product_profile";

// Checks a config item again, since control may be another version than this gateway. INVALID_ARGUMENT naming the first
// wrong field.
absl::StatusOr<Profile> ToProfile(const common::v1::GatewayProfile& proto);

// A profile that cannot be used leaves the product's last good one in use, with a line in the log and a metric.
class LiveProfiles : public Profiles {
 public:
  // source and metrics outlive it. Empty until the first Refresh.
  LiveProfiles(const ConfigSource& source, Metrics& metrics);
  // On every change of the source.
  void Refresh();

  std::shared_ptr<const Profile> Find(std::string_view product) const override;
  bool AnyAllowsOrigin(std::string_view origin) const override;

 private:
  struct Snapshot {
    absl::flat_hash_map<std::string, std::shared_ptr<const Profile>> by_product;
    Profile union_of_origins;
  };
  std::shared_ptr<const Snapshot> Get() const;

  const ConfigSource& source_;
  Counter& refusals_;
  Gauge& products_;
  Mutex refresh_mu_;  // One Refresh at a time; taken before mu_.
  mutable Mutex mu_;
  std::shared_ptr<const Snapshot> snapshot_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::gateway
