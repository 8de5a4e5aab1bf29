#include "services/gateway/profiles/live_profiles.h"

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/text/view.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::gateway {
namespace {

constexpr Metric kRefusals{"trivium_gateway_profile_refusals_total",
                           "Product profiles that came from control and could not be used."};
constexpr Metric kProducts{"trivium_gateway_products", "Products whose clients may connect and call."};

// 0 stands for the default.
absl::Status Read(const char* field, int value, int high, int* out) {
  if (value < 0 || value > high)
    return absl::InvalidArgumentError(absl::StrCat("gateway.", field, ": ", value, ", want 1 to ", high));
  if (value > 0) *out = value;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Profile> ToProfile(const common::v1::GatewayProfile& proto) {
  Profile profile;
  for (const std::string& origin : proto.allowed_origins()) {
    if (origin.empty()) return absl::InvalidArgumentError("gateway.allowed_origins: empty, want origins");
    profile.allowed_origins.insert(origin);
  }
  constexpr int kMillion = 1'000'000;
  for (const absl::Status& status :
       {Read("max_connections", proto.max_connections(), kMillion, &profile.max_connections),
        Read("max_connections_per_user", proto.max_connections_per_user(), 100, &profile.max_connections_per_user),
        Read("max_calls_per_second", proto.max_calls_per_second(), kMillion, &profile.max_calls_per_second)}) {
    if (!status.ok()) return status;
  }
  return profile;
}

LiveProfiles::LiveProfiles(const ConfigSource& source, Metrics& metrics)
    : source_(source),
      refusals_(metrics.GetCounter(kRefusals)),
      products_(metrics.GetGauge(kProducts)),
      snapshot_(std::make_shared<const Snapshot>()) {}

std::shared_ptr<const LiveProfiles::Snapshot> LiveProfiles::Get() const {
  MutexLock lock(mu_);
  return snapshot_;
}

void LiveProfiles::Refresh() {
  MutexLock refresh(refresh_mu_);
  const std::shared_ptr<const Snapshot> before = Get();
  auto fresh = std::make_shared<Snapshot>();
  for (const std::string& product : source_.Names(kProfileKind)) {
    common::v1::ProductProfile proto;
    if (!source_.Find(kProfileKind, product, "", &proto) || !proto.has_gateway()) continue;
    absl::StatusOr<Profile> profile = ToProfile(proto.gateway());
    const auto old = before->by_product.find(product);
    if (!profile.ok()) {
      refusals_.Add();
      TRIVIUM_LOG(kError, "a product's profile cannot be used: the last good one stays", {"product", product},
                  {"error", profile.status()});
      if (old != before->by_product.end()) fresh->by_product.emplace(product, old->second);
    } else {
      fresh->by_product.emplace(product, std::make_shared<const Profile>(*std::move(profile)));
    }
  }
  for (const auto& [product, profile] : fresh->by_product) {
    fresh->union_of_origins.allowed_origins.insert(profile->allowed_origins.begin(), profile->allowed_origins.end());
  }
  products_.Set(static_cast<double>(fresh->by_product.size()));
  MutexLock lock(mu_);
  snapshot_ = std::move(fresh);
}

std::shared_ptr<const Profile> LiveProfiles::Find(std::string_view product) const {
  const std::shared_ptr<const Snapshot> snapshot = Get();
  const auto found = snapshot->by_product.find(ToAbsl(product));
  return found == snapshot->by_product.end() ? nullptr : found->second;
}

bool LiveProfiles::AnyAllowsOrigin(std::string_view origin) const {
  return Get()->union_of_origins.AllowsOrigin(origin);
}

}  // namespace trivium::gateway
