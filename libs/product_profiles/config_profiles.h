// A service's part of the product profiles, from control's config items.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "libs/control_client/control_client.h"
#include "libs/log/log.h"
#include "libs/product_profiles/profile_kind.h"
#include "libs/sync/mutex.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium {

// Profiles: the service's interface, with a virtual `std::shared_ptr<const Profile> Find(const std::string& product)`,
// which answers nullptr for a product without the service's part. Thread-safe.
template <typename Profiles, typename Profile>
class ConfigProfiles : public Profiles {
 public:
  // convert: FAILED_PRECONDITION for a profile without the service's part, INVALID_ARGUMENT for one that breaks a rule;
  // the last good one then stays. watcher: not owned; outlives this.
  using Convert = absl::StatusOr<Profile> (*)(const common::v1::ProductProfile&);
  ConfigProfiles(const control_client::ConfigWatcher& watcher, Convert convert)
      : watcher_(watcher), convert_(convert) {}

  std::shared_ptr<const Profile> Find(const std::string& product) override {
    const int64_t generation = watcher_.generation();
    MutexLock lock(mu_);
    if (generation != generation_) Reload(generation);
    const auto it = profiles_.find(product);
    return it == profiles_.end() ? nullptr : it->second;
  }

 private:
  using ByProduct = std::map<std::string, std::shared_ptr<const Profile>>;

  void Reload(int64_t generation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    ByProduct fresh;
    for (const std::string& name : watcher_.Names(kProfileKind)) {
      common::v1::ProductProfile proto;
      if (!watcher_.Find(kProfileKind, name, "", &proto)) continue;
      absl::StatusOr<Profile> profile = convert_(proto);
      if (profile.ok()) {
        fresh[name] = std::make_shared<const Profile>(*std::move(profile));
      } else if (profiles_.contains(name)) {
        TRIVIUM_LOG(kError, "a product's new profile cannot be used: its old one stays", {"product", name},
                    {"error", profile.status()});
        fresh[name] = profiles_[name];
      } else {
        TRIVIUM_LOG(kError, "a product's profile cannot be used", {"product", name}, {"error", profile.status()});
      }
    }
    profiles_ = std::move(fresh);
    generation_ = generation;
  }

  const control_client::ConfigWatcher& watcher_;
  const Convert convert_;
  Mutex mu_;
  int64_t generation_ ABSL_GUARDED_BY(mu_) = -1;
  ByProduct profiles_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium
