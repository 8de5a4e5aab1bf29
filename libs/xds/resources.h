// xDS resources by type and name, shared by control (which makes them) and the last-good relay in every process (which
// passes them on). Rules: facts of the xDS transport protocol, state of the world, as gRPC 1.51 clients understand it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "libs/sync/mutex.h"

namespace trivium::xds {

inline constexpr std::string_view kListenerType = "type.googleapis.com/envoy.config.listener.v3.Listener";
inline constexpr std::string_view kRouteType = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
inline constexpr std::string_view kClusterType = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
inline constexpr std::string_view kEndpointType = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

// In the order in which changes are sent: what is referred to goes out before what refers to it (make before break).
inline constexpr std::array<std::string_view, 4> kTypesInOrder = {kClusterType, kEndpointType, kListenerType,
                                                                  kRouteType};
// Whether a response of this type must hold everything subscribed (LDS, CDS: leaving one out deletes it) or may be
// partial (EDS, RDS).
constexpr bool NeedsFullSet(std::string_view type) { return type == kListenerType || type == kClusterType; }

// Most names of a type that one stream may subscribe to, and their length.
inline constexpr size_t kMaxNames = 1000;
inline constexpr size_t kMaxNameBytes = 256;

// Resources of one type: name -> serialized message.
using ResourceMap = std::map<std::string, std::string>;
using ResourcesByType = std::map<std::string, ResourceMap>;

// Hash of the content (SHA-256, 16 hexadecimal digits): identical on all replicas for identical content.
std::string ContentVersion(const ResourcesByType& by_type);
// The name inside a serialized resource. INVALID_ARGUMENT when the type is none of ours, the bytes do not parse or
// there is no name.
absl::StatusOr<std::string> ResourceName(std::string_view type, std::string_view bytes);

// The newest consistent set. Thread-safe.
class ResourceStore {
 public:
  ResourceStore();
  ~ResourceStore();

  // Replaces everything of all types at once (a consistent snapshot). version: identical on all replicas for identical
  // content, not empty.
  void Set(ResourcesByType by_type, std::string version);
  struct Snapshot {
    ResourcesByType by_type;
    std::string version;  // Empty before the first Set.

    // The serialized resource, or nullptr.
    const std::string* Find(std::string_view type, const std::string& name) const;
  };
  std::shared_ptr<const Snapshot> Get() const;

  // Ends the calls when destroyed; waits for one that runs.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  // Called after each Set, from its thread, until the subscription goes. The callback must not block, nor subscribe.
  std::unique_ptr<Subscription> Subscribe(std::function<void()> changed);

  // Names that ADS streams asked for, by type: a relay asks its upstream for them. They only grow, to kMaxNames of a
  // type.
  void NoteWanted(std::string_view type, const std::set<std::string>& names);
  std::map<std::string, std::set<std::string>> Wanted() const;
  // Called after NoteWanted brought something new, from its thread. As Subscribe otherwise.
  std::unique_ptr<Subscription> SubscribeWanted(std::function<void()> changed);

 private:
  class Subscribers;
  mutable Mutex mu_;
  std::shared_ptr<const Snapshot> snapshot_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<std::string>> wanted_ ABSL_GUARDED_BY(mu_);
  const std::shared_ptr<Subscribers> changed_, wanted_changed_;
};

}  // namespace trivium::xds
