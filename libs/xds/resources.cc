#include "libs/xds/resources.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "external/envoy/cluster.pb.h"
#include "external/envoy/endpoint.pb.h"
#include "external/envoy/listener.pb.h"
#include "external/envoy/route.pb.h"

namespace trivium::xds {
namespace {

// Length first, so that no two different contents look alike.
void AppendSized(std::string_view part, std::string* out) {
  absl::StrAppend(out, part.size(), ":");
  out->append(part);
}

template <typename Message>
bool Parse(std::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

template <typename Message>
std::string NameIn(std::string_view bytes) {
  Message message;
  return Parse(bytes, &message) ? message.name() : "";
}

std::string ClusterNameIn(std::string_view bytes) {
  envoy::config::endpoint::v3::ClusterLoadAssignment message;
  return Parse(bytes, &message) ? message.cluster_name() : "";
}

}  // namespace

std::string ContentVersion(const ResourcesByType& by_type) {
  std::string content;
  for (const auto& [type, resources] : by_type) {
    for (const auto& [name, bytes] : resources) {
      AppendSized(type, &content);
      AppendSized(name, &content);
      AppendSized(bytes, &content);
    }
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), 8));
}

absl::StatusOr<std::string> ResourceName(std::string_view type, std::string_view bytes) {
  std::string name;
  if (type == kListenerType) {
    name = NameIn<envoy::config::listener::v3::Listener>(bytes);
  } else if (type == kRouteType) {
    name = NameIn<envoy::config::route::v3::RouteConfiguration>(bytes);
  } else if (type == kClusterType) {
    name = NameIn<envoy::config::cluster::v3::Cluster>(bytes);
  } else if (type == kEndpointType) {
    name = ClusterNameIn(bytes);
  }
  if (name.empty()) return absl::InvalidArgumentError("resource: unreadable or without a name, want a named resource");
  return name;
}

// Callbacks with the guarantee that none runs after its subscription went.
class ResourceStore::Subscribers : public std::enable_shared_from_this<Subscribers> {
 public:
  std::unique_ptr<Subscription> Add(std::function<void()> callback) {
    MutexLock lock(mu_);
    const uint64_t id = next_id_++;
    callbacks_[id] = std::move(callback);
    return std::make_unique<Entry>(shared_from_this(), id);
  }
  void CallAll() {
    MutexLock lock(mu_);
    for (auto& [id, callback] : callbacks_) callback();
  }

 private:
  class Entry : public Subscription {
   public:
    Entry(std::shared_ptr<Subscribers> owner, uint64_t id) : owner_(std::move(owner)), id_(id) {}
    ~Entry() override {
      MutexLock lock(owner_->mu_);
      owner_->callbacks_.erase(id_);
    }

   private:
    const std::shared_ptr<Subscribers> owner_;
    const uint64_t id_;
  };

  Mutex mu_;
  uint64_t next_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<uint64_t, std::function<void()>> callbacks_ ABSL_GUARDED_BY(mu_);
};

ResourceStore::ResourceStore()
    : snapshot_(std::make_shared<Snapshot>()),
      changed_(std::make_shared<Subscribers>()),
      wanted_changed_(std::make_shared<Subscribers>()) {}

ResourceStore::~ResourceStore() = default;

void ResourceStore::Set(ResourcesByType by_type, std::string version) {
  auto snapshot = std::make_shared<const Snapshot>(Snapshot{std::move(by_type), std::move(version)});
  {
    MutexLock lock(mu_);
    snapshot_ = std::move(snapshot);
  }
  changed_->CallAll();
}

const std::string* ResourceStore::Snapshot::Find(std::string_view type, const std::string& name) const {
  const auto resources = by_type.find(std::string(type));
  if (resources == by_type.end()) return nullptr;
  const auto found = resources->second.find(name);
  return found == resources->second.end() ? nullptr : &found->second;
}

std::shared_ptr<const ResourceStore::Snapshot> ResourceStore::Get() const {
  MutexLock lock(mu_);
  return snapshot_;
}

std::unique_ptr<ResourceStore::Subscription> ResourceStore::Subscribe(std::function<void()> changed) {
  return changed_->Add(std::move(changed));
}

void ResourceStore::NoteWanted(std::string_view type, const std::set<std::string>& names) {
  bool grown = false;
  {
    MutexLock lock(mu_);
    std::set<std::string>& wanted = wanted_[std::string(type)];
    for (const std::string& name : names) {
      if (wanted.size() >= kMaxNames) break;
      grown |= wanted.insert(name).second;
    }
  }
  if (grown) wanted_changed_->CallAll();
}

std::map<std::string, std::set<std::string>> ResourceStore::Wanted() const {
  MutexLock lock(mu_);
  return wanted_;
}

std::unique_ptr<ResourceStore::Subscription> ResourceStore::SubscribeWanted(std::function<void()> changed) {
  return wanted_changed_->Add(std::move(changed));
}

}  // namespace trivium::xds
