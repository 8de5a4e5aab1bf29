#include "services/payment/profiles.h"

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/product_profiles/config_profiles.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::payment {

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
  if (payment.has_payment_timeout()) profile.payment_timeout = ToDuration(payment.payment_timeout());
  profile.accept_late_success = payment.accept_late_success();
  profile.psp = payment.psp();
  if (payment.max_amount_minor() != 0) profile.max_amount_minor = payment.max_amount_minor();
  if (payment.max_calls_per_second() != 0) profile.max_calls_per_second = payment.max_calls_per_second();
  return profile;
}

std::unique_ptr<Profiles> NewConfigProfiles(const control_client::ConfigWatcher& watcher) {
  return std::make_unique<ConfigProfiles<Profiles, Profile>>(watcher, &ToProfile);
}

absl::Status ProductNotConfigured(const std::string& product) {
  return Error(absl::StatusCode::kFailedPrecondition, "PRODUCT_NOT_CONFIGURED",
               absl::StrCat("product ", product, ": no payment profile, want one published through control"))
      .With("product", product);
}

}  // namespace trivium::payment
