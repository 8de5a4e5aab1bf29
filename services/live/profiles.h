// What a product has decided about its rooms, and what the cell can carry: structs that the request path reads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/live/admission/place.h"
#include "services/live/tokens/media_access.h"

namespace trivium {
namespace common::v1 {
class ProductProfile;
}
namespace live::v1 {
class LiveCapacity;
}
namespace control_client {
class ConfigWatcher;
}
}  // namespace trivium

namespace trivium::live {

inline constexpr std::string_view kLiveCapacityKind = "live_capacity", kPlatformItem = "platform";

struct Profile {
  std::string time_zone = "UTC";
  absl::TimeZone zone = absl::UTCTimeZone();
  PerRung product_capacity = {2'000, 10'000, 50'000};
  PerRung institution_capacity = {1'000, 5'000, 20'000};
  PerRung room_capacity = {50, 500, 10'000};
  int64_t queue_size = 1'000;
  int seats = 6;
  int stage_size = 6;
  int staff_slots = 2;
  absl::Duration lease = absl::Seconds(30);
  absl::Duration close_delay = absl::Minutes(10);
  MediaSystem media;
  int max_calls_per_second = 5'000;

  // The business day of a time: "2026-11-22".
  std::string DayOf(absl::Time time) const;
};

// INVALID_ARGUMENT when the proto breaks its own rules, FAILED_PRECONDITION when it has no live part.
absl::StatusOr<Profile> ToProfile(const common::v1::ProductProfile& proto);

// Thread-safe.
class Profiles {
 public:
  virtual ~Profiles() = default;
  // nullptr: the product has no rooms.
  virtual std::shared_ptr<const Profile> Find(const std::string& product) = 0;
  // For rooms that are there already: the defaults where the product has no profile any more.
  std::shared_ptr<const Profile> FindOrDefault(const std::string& product);
};

// From control's config items; the last good ones when control is away. watcher outlives it.
std::unique_ptr<Profiles> NewConfigProfiles(const control_client::ConfigWatcher& watcher);

// FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED.
absl::Status ProductNotConfigured(const std::string& product);

// What a cell can carry.
struct CellCapacity {
  struct Node {
    std::string name;
    PerRung places{};
    bool draining = false;
  };
  PerRung platform{};
  std::vector<Node> nodes;
};
CellCapacity ToCellCapacity(const v1::LiveCapacity& proto);

// Thread-safe.
class Capacities {
 public:
  virtual ~Capacities() = default;
  // nullptr: nothing is published for the cell, nor for all.
  virtual std::shared_ptr<const CellCapacity> Get() = 0;
  // Grows whenever it, or a profile, may have changed.
  virtual int64_t generation() const = 0;
};
// The item of the cell, or "platform". watcher outlives it.
std::unique_ptr<Capacities> NewConfigCapacities(const control_client::ConfigWatcher& watcher, std::string cell);

}  // namespace trivium::live
