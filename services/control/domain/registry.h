// The registry's rules 注册中心: who is alive. Pure: time is a parameter.
//  - An instance that was silent for `silence` is gone, when another one of its service and cell was heard from lately:
//  then it is the instance that is ill.
//  - When all of them fall silent at once it is more likely control's own ears: all stay, marked as kept.
//  - An instance read from the store after a restart counts as alive for `grace`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace trivium::control::domain {

struct Instance {
  std::string id, service, cell;
  std::string address;  // "127.0.0.1:21010"
  std::string version;
  bool ready = false;
  absl::Time start_time;

  bool operator==(const Instance&) const = default;
};

struct InstanceState {
  Instance instance;
  bool alive = false;
  bool kept = false;       // Silent, and kept by the all-at-once rule.
  bool was_ready = false;  // At any time since it was registered.
  absl::Time last_heartbeat;
  absl::Time lost_time = absl::InfiniteFuture();  // When it was taken out.
};

struct RegistryOptions {
  absl::Duration heartbeat = absl::Seconds(1);
  absl::Duration silence = absl::Seconds(3);
  absl::Duration grace = absl::Seconds(3);          // Three heartbeats.
  absl::Duration keep_lost = absl::Hours(24 * 30);  // How long a lost instance is remembered.
  size_t max_remembered = 5000;  // Above it, those lost longest ago are forgotten when new ones come.
};

// The same moment on both clocks.
struct Moment {
  absl::Duration monotonic;
  absl::Time wall;
};

// Not thread-safe.
class Registry {
 public:
  explicit Registry(RegistryOptions options) : options_(options) {}

  // Each returns whether anything changed that callers of the service would notice.
  bool Restore(const InstanceState& persisted, Moment now);
  // slack: what is added to `silence` for an instance that is heard of through the store only.
  bool Heartbeat(const Instance& instance, Moment now, absl::Duration slack = absl::ZeroDuration());
  bool Leave(std::string_view id, Moment now);
  // Applies the rules of silence. Call it often.
  bool Expire(Moment now);

  // Ordered by service, cell and id.
  std::vector<InstanceState> List() const;
  bool Knows(std::string_view id) const { return entries_.find(id) != entries_.end(); }
  // Service-cell pairs all of whose instances are silent and kept.
  int kept_groups() const;

 private:
  struct Entry {
    InstanceState state;
    absl::Duration heard_at;  // Monotonic.
    absl::Duration expires_at;
  };
  void MakeRoom();
  bool ExpireGroup(const std::vector<Entry*>& group, Moment now);
  bool HeardLately(const Entry& entry, Moment now) const;

  const RegistryOptions options_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace trivium::control::domain
