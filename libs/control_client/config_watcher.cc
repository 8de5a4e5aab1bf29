#include <google/protobuf/any.pb.h>
#include <grpcpp/channel.h>

#include <atomic>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/control_client/control_client.h"
#include "libs/control_client/murmur3.h"
#include "libs/control_client/read_session.h"
#include "libs/control_client/state_file.h"
#include "libs/control_client/watch_loop.h"
#include "libs/sync/mutex.h"
#include "libs/text/view.h"
#include "trivium/control/v1/config.grpc.pb.h"

namespace trivium::control_client {
namespace {

using control::v1::ConfigItem;
using control::v1::ConfigService;
using control::v1::WatchConfigsRequest;
using control::v1::WatchConfigsResponse;

// Whether a key is among those that get the new version. Growing the percentage never takes it from a key.
bool Released(const ConfigItem& item, std::string_view key) {
  if (item.percentage() >= 100) return true;
  if (key.empty()) return false;
  const uint32_t hash = Murmur3(absl::StrCat(item.kind(), "/", item.name(), "/", ToAbsl(key)));
  return static_cast<int32_t>((uint64_t{hash} * 100) >> 32) < item.percentage();
}

}  // namespace

struct ConfigWatcher::Impl {
  Impl(Options options, std::vector<std::string> kinds, Metrics& metrics)
      : options(std::move(options)),
        kinds(std::move(kinds)),
        revision_gauge(metrics.GetGauge(kRevision, {"config"})),
        loop("config", metrics) {}

  std::string path() const { return options.state_dir.empty() ? "" : options.state_dir + "/config-items.state"; }

  void Load();
  void Save() const;
  std::string Follow();
  // False: control's state is older than ours - it has lost its database; everything must be read again.
  bool Apply(WatchConfigsResponse response);
  void Changed();

  using Key = std::pair<std::string, std::string>;

  const Options options;
  const std::vector<std::string> kinds;
  Gauge& revision_gauge;
  std::unique_ptr<ConfigService::Stub> stub;
  mutable Mutex mu;
  std::map<Key, std::shared_ptr<const ConfigItem>> items ABSL_GUARDED_BY(mu);  // (kind, name) -> newest.
  int64_t revision ABSL_GUARDED_BY(mu) = 0;
  bool known ABSL_GUARDED_BY(mu) = false;
  bool replace_all = false;  // The loop's thread's: the next answer is the whole state.
  std::atomic<int64_t> generation{0};
  std::vector<std::function<void()>> on_change;
  WatchLoop loop;  // Last: its thread uses the rest.
};

ConfigWatcher::ConfigWatcher(Options options, std::vector<std::string> kinds, Clock&, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(kinds), metrics)) {}

ConfigWatcher::~ConfigWatcher() { Stop(); }

absl::Status ConfigWatcher::Start() {
  impl_->Load();
  if (impl_->options.control_address.empty()) return absl::OkStatus();
  impl_->stub =
      ConfigService::NewStub(rpc::DirectChannel(impl_->options.control_address, kControlName, impl_->options.tls));
  impl_->loop.Start([this] { return impl_->Follow(); });
  return absl::OkStatus();
}

void ConfigWatcher::Stop() { impl_->loop.Stop(); }

void ConfigWatcher::Impl::Load() {
  WatchConfigsResponse state;
  if (!LoadState(path(), &state)) return;
  {
    MutexLock lock(mu);
    for (ConfigItem& item : *state.mutable_items()) {
      Key key(item.kind(), item.name());
      items[std::move(key)] = std::make_shared<const ConfigItem>(std::move(item));
    }
    revision = state.revision();
    known = true;
  }
  Changed();
}

void ConfigWatcher::Impl::Save() const {
  WatchConfigsResponse state;
  {
    MutexLock lock(mu);
    for (const auto& [key, item] : items) *state.add_items() = *item;
    state.set_revision(revision);
  }
  SaveState(path(), state);
}

std::string ConfigWatcher::Impl::Follow() {
  WatchConfigsRequest request;
  for (const std::string& kind : kinds) request.add_kinds(kind);
  if (!replace_all) {
    MutexLock lock(mu);
    request.set_after_revision(revision);
  }
  return FollowStream<WatchConfigsResponse>(
      loop,
      [&](grpc::ClientContext* context, auto* reactor) { stub->async()->WatchConfigs(context, &request, reactor); },
      [this](WatchConfigsResponse response) {
        return Apply(std::move(response)) ? "" : "control's revision went back: reading everything again";
      });
}

bool ConfigWatcher::Impl::Apply(WatchConfigsResponse response) {
  bool changed = false;
  {
    MutexLock lock(mu);
    if (!replace_all && response.revision() < revision) {
      replace_all = true;
      return false;
    }
    if (replace_all) items.clear();
    changed = replace_all || response.items_size() > 0 || !known;
    replace_all = false;
    for (ConfigItem& item : *response.mutable_items()) {
      Key key(item.kind(), item.name());
      items[std::move(key)] = std::make_shared<const ConfigItem>(std::move(item));
    }
    revision = response.revision();
    known = true;
    revision_gauge.Set(static_cast<double>(revision));
  }
  if (!changed) return true;
  Changed();
  Save();  // After: what is lost by a crash in between, control says again.
  return true;
}

void ConfigWatcher::Impl::Changed() {
  ++generation;
  for (const auto& changed : on_change) changed();
}

bool ConfigWatcher::Find(std::string_view kind, std::string_view name, std::string_view key,
                         google::protobuf::Message* value) const {
  std::shared_ptr<const ConfigItem> item;
  {
    MutexLock lock(impl_->mu);
    const auto it = impl_->items.find(Impl::Key(kind, name));
    if (it == impl_->items.end()) return false;
    item = it->second;
  }
  if (Released(*item, key)) return item->value().UnpackTo(value);
  return item->has_previous_value() && item->previous_value().UnpackTo(value);
}

std::vector<std::string> ConfigWatcher::Names(std::string_view kind) const {
  std::vector<std::string> names;
  MutexLock lock(impl_->mu);
  for (const auto& [key, item] : impl_->items) {
    if (key.first == kind) names.push_back(key.second);
  }
  return names;
}

int64_t ConfigWatcher::generation() const { return impl_->generation.load(); }

void ConfigWatcher::OnChange(std::function<void()> changed) { impl_->on_change.push_back(std::move(changed)); }

absl::Status ConfigWatcher::Ready() const {
  MutexLock lock(impl_->mu);
  return impl_->known ? absl::OkStatus()
                      : absl::UnavailableError("no config items yet: neither from control nor from disk");
}

}  // namespace trivium::control_client
