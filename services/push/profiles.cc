#include "services/push/profiles.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/product_profiles/config_profiles.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/day.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::push {
namespace {

// Reads a profile's optional values, and collects those that are out of range.
class Reader {
 public:
  void Read(const char* field, bool has, const google::protobuf::Duration& value, absl::Duration low,
            absl::Duration high, absl::Duration* out) {
    if (!has) return;
    *out = ToDuration(value);
    if (*out < low || *out > high) {
      wrong_.emplace_back(absl::StrCat("push.", field),
                          absl::StrCat(absl::FormatDuration(*out), ", want ", absl::FormatDuration(low), " to ",
                                       absl::FormatDuration(high)));
    }
  }
  template <typename Number>
  void Read(const char* field, int32_t value, int32_t high, Number* out) {
    if (value == 0) return;
    *out = value;
    if (value < 1 || value > high)
      wrong_.emplace_back(absl::StrCat("push.", field), absl::StrCat(value, ", want 1 to ", high));
  }
  absl::Status Result() const { return FieldsError(wrong_); }

 private:
  std::vector<std::pair<std::string, std::string>> wrong_;
};

}  // namespace

std::string Profile::DayOf(absl::Time time) const { return FormatDay(absl::ToCivilDay(time, zone)); }

absl::StatusOr<Profile> ToProfile(const common::v1::ProductProfile& proto) {
  if (!proto.has_push()) return absl::FailedPreconditionError("push: missing");
  const common::v1::PushProfile& push = proto.push();
  Profile profile;
  profile.time_zone = proto.time_zone();
  if (!absl::LoadTimeZone(profile.time_zone, &profile.zone)) {
    return absl::InvalidArgumentError(absl::StrCat("time_zone: ", profile.time_zone, ", want an IANA name"));
  }
  constexpr int kMaxRate = 1'000'000;
  Reader reader;
  reader.Read("message_ttl", push.has_message_ttl(), push.message_ttl(), absl::Seconds(1), absl::Hours(24 * 30),
              &profile.message_ttl);
  reader.Read("ack_timeout", push.has_ack_timeout(), push.ack_timeout(), absl::Seconds(1), absl::Hours(1),
              &profile.ack_timeout);
  reader.Read("history_size", push.history_size(), static_cast<int32_t>(fanout::kMaxHistorySize),
              &profile.history.size);
  reader.Read("history_ttl", push.has_history_ttl(), push.history_ttl(), absl::Seconds(1), fanout::kMaxHistoryTtl,
              &profile.history.ttl);
  profile.rooms_for_members_only = push.rooms_for_members_only();
  reader.Read("max_messages_per_second", push.max_messages_per_second(), kMaxRate, &profile.max_messages_per_second);
  reader.Read("max_high_priority_per_second", push.max_high_priority_per_second(), kMaxRate,
              &profile.max_high_priority_per_second);
  reader.Read("max_calls_per_second", push.max_calls_per_second(), kMaxRate, &profile.max_calls_per_second);
  reader.Read("max_pending_per_user", push.max_pending_per_user(), 100'000, &profile.max_pending_per_user);
  TRIVIUM_RETURN_IF_ERROR(reader.Result());
  return profile;
}

std::shared_ptr<const Profile> Profiles::FindOrDefault(const std::string& product) {
  static const auto* const kDefault = new std::shared_ptr<const Profile>(std::make_shared<Profile>());
  std::shared_ptr<const Profile> profile = Find(product);
  return profile != nullptr ? profile : *kDefault;
}

std::unique_ptr<Profiles> NewConfigProfiles(const control_client::ConfigWatcher& watcher) {
  return std::make_unique<ConfigProfiles<Profiles, Profile>>(watcher, &ToProfile);
}

absl::Status ProductNotConfigured(const std::string& product) {
  return Error(absl::StatusCode::kFailedPrecondition, "PRODUCT_NOT_CONFIGURED",
               absl::StrCat("product ", product, ": no push profile, want one published through control"))
      .With("product", product);
}

absl::Status MessageQuotas::Take(const std::string& product, const Profile& profile, Priority priority) {
  const bool high = priority == Priority::kHigh;
  const int rate = high ? profile.max_high_priority_per_second : profile.max_messages_per_second;
  const std::string what = high ? "messages of priority HIGH" : "messages";
  const absl::Duration wait = limits_.Take(absl::StrCat(product, high ? "/high" : "/normal"), rate);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED",
               absl::StrCat(what, ": over ", rate, " per second of this product, want fewer"))
      .With("messages_per_second", rate)
      .With("priority", high ? "HIGH" : "NORMAL")
      .Quota(absl::StrCat("product:", product), absl::StrCat(rate, " ", what, " per second"))
      .RetryAfter(wait);
}

}  // namespace trivium::push
