#include "services/gateway/clients/admission.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::gateway {

absl::StatusOr<std::unique_ptr<Admission::Seat>> Admission::Admit(const std::string& product, const std::string& uid,
                                                                  std::string_view origin) {
  const auto profile = profiles_.Find(product);
  if (profile == nullptr) return ProductNotConfigured(product);
  if (!profile->AllowsOrigin(origin)) {
    return Error(absl::StatusCode::kPermissionDenied, "ORIGIN_DENIED",
                 absl::StrCat("origin: ", ToAbsl(origin.substr(0, 60)), ", want one of the product's"));
  }
  MutexLock lock(mu_);
  Counts& counts = products_[product];
  if (counts.all >= profile->max_connections) {
    return Error(absl::StatusCode::kResourceExhausted, "CONNECTION_LIMIT",
                 absl::StrCat("connections: want at most ", profile->max_connections, " of the product"));
  }
  const auto user = counts.by_user.find(uid);
  if (user != counts.by_user.end() && user->second >= profile->max_connections_per_user) {
    return Error(absl::StatusCode::kResourceExhausted, "USER_CONNECTION_LIMIT",
                 absl::StrCat("connections: want at most ", profile->max_connections_per_user, " of a user"));
  }
  ++counts.all;
  ++counts.by_user[uid];
  return std::make_unique<Seat>(*this, product, uid);
}

void Admission::Release(const std::string& product, const std::string& uid) {
  MutexLock lock(mu_);
  Counts& counts = products_[product];
  --counts.all;
  const auto user = counts.by_user.find(uid);
  if (user != counts.by_user.end() && --user->second == 0) counts.by_user.erase(user);
}

int Admission::connections(const std::string& product) const {
  MutexLock lock(mu_);
  const auto found = products_.find(product);
  return found == products_.end() ? 0 : found->second.all;
}

}  // namespace trivium::gateway
