#include "services/push/profiles.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/control_client/control_client.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/day.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::push {
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

// Reads a profile's optional values, and collects those that are out of range.
class Reader {
 public:
  void Read(const char* field, bool has, const google::protobuf::Duration& value, absl::Duration low,
            absl::Duration high, absl::Duration* out) {
    if (!has) return;
    *out = absl::Seconds(value.seconds()) + absl::Nanoseconds(value.nanos());
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
  TRIVIUM_RETURN_IF_ERROR(reader.Result());
  return profile;
}

std::shared_ptr<const Profile> Profiles::FindOrDefault(const std::string& product) {
  static const auto* const kDefault = new std::shared_ptr<const Profile>(std::make_shared<Profile>());
  std::shared_ptr<const Profile> profile = Find(product);
  return profile != nullptr ? profile : *kDefault;
}

std::unique_ptr<Profiles> NewConfigProfiles(const control_client::ConfigWatcher& watcher) {
  return std::make_unique<ConfigProfiles>(watcher);
}

absl::Status ProductNotConfigured(const std::string& product) {
  return Error(absl::StatusCode::kFailedPrecondition, "PRODUCT_NOT_CONFIGURED",
               absl::StrCat("product ", product, ": no push profile, want one published through control"))
      .With("product", product);
}

absl::Duration RateLimits::Take(const std::string& name, int rate) {
  std::shared_ptr<ha::TokenBucket> tokens;
  {
    MutexLock lock(mu_);
    Bucket& bucket = buckets_[name];
    if (bucket.tokens == nullptr) bucket.tokens = std::make_shared<ha::TokenBucket>(rate, rate, clock_);
    if (bucket.rate != rate && bucket.rate != 0) bucket.tokens->SetRate(rate, rate);
    bucket.rate = rate;
    tokens = bucket.tokens;
  }
  return tokens->Take();
}

absl::Status ProductLimits::Admit(std::string_view product_view) {
  const std::string product(product_view);
  const std::shared_ptr<const Profile> profile = profiles_.Find(product);
  const int rate = profile == nullptr ? kUnknownProductRate : profile->max_calls_per_second;
  const absl::Duration wait = limits_.Take(product, rate);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
               absl::StrCat("calls: over ", rate, " per second of this product, want fewer"))
      .With("calls_per_second", rate)
      .Quota(absl::StrCat("product:", product), absl::StrCat(rate, " calls per second"))
      .RetryAfter(wait);
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
