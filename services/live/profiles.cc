#include "services/live/profiles.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/control_client/control_client.h"
#include "libs/product_profiles/config_profiles.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/day.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/live/v1/live_capacity.pb.h"

namespace trivium::live {
namespace {

constexpr int kMaxPlaces = 10'000'000, kMaxSeats = 50;

PerRung PlacesOf(const common::v1::RungCapacity& proto) { return {proto.rtc(), proto.fast(), proto.standard()}; }

// Reads a profile's optional values, and collects those that are out of range.
class Reader {
 public:
  void Read(const char* field, bool has, const google::protobuf::Duration& value, absl::Duration low,
            absl::Duration high, absl::Duration* out) {
    if (!has) return;
    *out = ToDuration(value);
    if (*out < low || *out > high) Bad(field, absl::FormatDuration(*out));
  }
  template <typename Number>
  void Read(const char* field, int64_t value, int64_t high, Number* out) {
    if (value == 0) return;
    *out = static_cast<Number>(value);
    if (value < 1 || value > high) Bad(field, absl::StrCat(value));
  }
  void Read(const char* field, bool has, const common::v1::RungCapacity& value, PerRung* out) {
    if (!has) return;
    *out = PlacesOf(value);
    for (const int64_t places : *out) {
      if (places < 0 || places > kMaxPlaces) Bad(field, absl::StrCat(places));
    }
  }
  void Read(const std::string& value, std::string* out) const {
    if (!value.empty()) *out = value;
  }
  absl::Status Result() const { return FieldsError(wrong_); }

 private:
  void Bad(const char* field, std::string value) {
    wrong_.emplace_back(absl::StrCat("live.", field), absl::StrCat(value, ", want what LiveProfile says"));
  }
  std::vector<std::pair<std::string, std::string>> wrong_;
};

class ConfigCapacities : public Capacities {
 public:
  ConfigCapacities(const control_client::ConfigWatcher& watcher, std::string cell)
      : watcher_(watcher), cell_(std::move(cell)) {}

  std::shared_ptr<const CellCapacity> Get() override {
    v1::LiveCapacity proto;
    if (!watcher_.Find(kLiveCapacityKind, cell_, "", &proto) &&
        !watcher_.Find(kLiveCapacityKind, kPlatformItem, "", &proto))
      return nullptr;
    return std::make_shared<const CellCapacity>(ToCellCapacity(proto));
  }
  int64_t generation() const override { return watcher_.generation(); }

 private:
  const control_client::ConfigWatcher& watcher_;
  const std::string cell_;
};

}  // namespace

std::string Profile::DayOf(absl::Time time) const { return FormatDay(absl::ToCivilDay(time, zone)); }

absl::StatusOr<Profile> ToProfile(const common::v1::ProductProfile& proto) {
  if (!proto.has_live()) return absl::FailedPreconditionError("live: missing");
  const common::v1::LiveProfile& live = proto.live();
  Profile profile;
  profile.time_zone = proto.time_zone();
  if (!absl::LoadTimeZone(profile.time_zone, &profile.zone)) {
    return absl::InvalidArgumentError(absl::StrCat("time_zone: ", profile.time_zone, ", want an IANA name"));
  }
  Reader reader;
  reader.Read("product_capacity", live.has_product_capacity(), live.product_capacity(), &profile.product_capacity);
  reader.Read("institution_capacity", live.has_institution_capacity(), live.institution_capacity(),
              &profile.institution_capacity);
  reader.Read("room_capacity", live.has_room_capacity(), live.room_capacity(), &profile.room_capacity);
  reader.Read("queue_size", live.queue_size(), 100'000, &profile.queue_size);
  reader.Read("seats", live.seats(), kMaxSeats, &profile.seats);
  reader.Read("stage_size", live.stage_size(), kMaxSeats, &profile.stage_size);
  reader.Read("staff_slots", live.staff_slots(), kMaxSeats, &profile.staff_slots);
  reader.Read("lease", live.has_lease(), live.lease(), absl::Seconds(5), absl::Minutes(5), &profile.lease);
  reader.Read("close_delay", live.has_close_delay(), live.close_delay(), absl::ZeroDuration(), absl::Hours(1),
              &profile.close_delay);
  reader.Read("media_app_id", live.media_app_id(), 0xffffffff, &profile.media.app_id);
  reader.Read("media_token_ttl", live.has_media_token_ttl(), live.media_token_ttl(), absl::Minutes(1),
              absl::Hours(24 * 7), &profile.media.token_ttl);
  reader.Read(live.rtc_url(), &profile.media.rtc_url);
  reader.Read(live.fast_domain(), &profile.media.fast_domain);
  reader.Read(live.standard_domain(), &profile.media.standard_domain);
  reader.Read(live.stream_app(), &profile.media.stream_app);
  reader.Read("max_calls_per_second", live.max_calls_per_second(), 1'000'000, &profile.max_calls_per_second);
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
               absl::StrCat("product ", product, ": no live profile, want one published through control"))
      .With("product", product);
}

CellCapacity ToCellCapacity(const v1::LiveCapacity& proto) {
  CellCapacity capacity{.platform = PlacesOf(proto.platform())};
  for (const v1::MediaNode& node : proto.nodes())
    capacity.nodes.push_back({node.name(), PlacesOf(node.capacity()), node.draining()});
  return capacity;
}

std::unique_ptr<Capacities> NewConfigCapacities(const control_client::ConfigWatcher& watcher, std::string cell) {
  return std::make_unique<ConfigCapacities>(watcher, std::move(cell));
}

}  // namespace trivium::live
