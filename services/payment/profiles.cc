#include "services/payment/profiles.h"

#include "absl/strings/str_cat.h"
#include "libs/control_client/control_client.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::payment {
namespace {

constexpr int kUnknownProductRate = 50;

class ConfigProfiles : public Profiles {
 public:
  explicit ConfigProfiles(const control_client::ConfigWatcher& watcher) : watcher_(watcher) {}

  std::shared_ptr<const Profile> Find(const std::string& product) override {
    const int64_t generation = watcher_.generation();
    MutexLock lock(mu_);
    if (generation != generation_) Reload(generation);
    const auto it = profiles_.find(product);
    return it == profiles_.end() ? nullptr : it->second;
  }

 private:
  void Reload(int64_t generation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::map<std::string, std::shared_ptr<const Profile>> fresh;
    for (const std::string& name : watcher_.Names(kProfileKind)) {
      common::v1::ProductProfile proto;
      if (!watcher_.Find(kProfileKind, name, "", &proto)) continue;
      absl::StatusOr<Profile> profile = ToProfile(proto);
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

  const control_client::ConfigWatcher& watcher_;  // Not owned.
  Mutex mu_;
  int64_t generation_ ABSL_GUARDED_BY(mu_) = -1;
  std::map<std::string, std::shared_ptr<const Profile>> profiles_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<Profile> ToProfile(const common::v1::ProductProfile& proto) {
  if (!proto.has_payment()) return absl::FailedPreconditionError("payment: missing");
  const common::v1::PaymentProfile& payment = proto.payment();
  Profile profile;
  profile.time_zone = proto.time_zone();
  if (!absl::LoadTimeZone(profile.time_zone, &profile.zone)) {
    return absl::InvalidArgumentError(absl::StrCat("time_zone: ", profile.time_zone, ", want an IANA name"));
  }
  profile.currencies.assign(payment.currency_codes().begin(), payment.currency_codes().end());
  if (profile.currencies.empty()) return absl::InvalidArgumentError("payment.currency_codes: empty, want at least one");
  profile.commission_bps = payment.commission_bps();
  if (profile.commission_bps < 0 || profile.commission_bps > 10000) {
    return absl::InvalidArgumentError(
        absl::StrCat("payment.commission_bps: ", profile.commission_bps, ", want 0-10000"));
  }
  if (payment.has_payment_timeout()) {
    profile.payment_timeout =
        absl::Seconds(payment.payment_timeout().seconds()) + absl::Nanoseconds(payment.payment_timeout().nanos());
  }
  profile.accept_late_success = payment.accept_late_success();
  profile.psp = payment.psp();
  if (payment.max_amount_minor() != 0) profile.max_amount_minor = payment.max_amount_minor();
  if (payment.max_calls_per_second() != 0) profile.max_calls_per_second = payment.max_calls_per_second();
  return profile;
}

std::unique_ptr<Profiles> NewConfigProfiles(const control_client::ConfigWatcher& watcher) {
  return std::make_unique<ConfigProfiles>(watcher);
}

absl::Status ProductNotConfigured(const std::string& product) {
  return Error(absl::StatusCode::kFailedPrecondition, "PRODUCT_NOT_CONFIGURED",
               absl::StrCat("product ", product, ": no payment profile, want one published through control"))
      .With("product", product);
}

absl::Status ProductLimits::Admit(std::string_view product_view) {
  const std::string product(product_view);
  const std::shared_ptr<const Profile> profile = profiles_.Find(product);
  const int rate = profile == nullptr ? kUnknownProductRate : profile->max_calls_per_second;
  std::shared_ptr<ha::TokenBucket> tokens;
  {
    MutexLock lock(mu_);
    Bucket& bucket = buckets_[product];
    if (bucket.tokens == nullptr) bucket.tokens = std::make_shared<ha::TokenBucket>(rate, rate, clock_);
    if (bucket.rate != rate && bucket.rate != 0) bucket.tokens->SetRate(rate, rate);
    bucket.rate = rate;
    tokens = bucket.tokens;
  }
  const absl::Duration wait = tokens->Take();
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
               absl::StrCat("calls: over ", rate, " per second of this product, want fewer"))
      .With("calls_per_second", rate)
      .Quota(absl::StrCat("product:", product), absl::StrCat(rate, " calls per second"))
      .RetryAfter(wait);
}

}  // namespace trivium::payment
