#include "services/gateway/commands/config_source.h"

#include "libs/control_client/control_client.h"
#include "services/gateway/commands/command_table.h"

namespace trivium::gateway {
namespace {

class WatcherSource : public ConfigSource {
 public:
  explicit WatcherSource(const control_client::ConfigWatcher& watcher) : watcher_(watcher) {}
  std::vector<std::string> Names(std::string_view kind) const override { return watcher_.Names(kind); }
  bool Find(std::string_view kind, std::string_view name, std::string_view key,
            google::protobuf::Message* value) const override {
    return watcher_.Find(kind, name, key, value);
  }
  int64_t generation() const override { return watcher_.generation(); }

 private:
  const control_client::ConfigWatcher& watcher_;  // Not owned.
};

// A key at a place of the release; about a hundred are tried.
std::string KeyAt(const std::string& item, int bucket) {
  for (int64_t i = 0;; ++i) {
    std::string key = std::to_string(i);
    if (ReleaseBucket(item, key) == bucket) return key;
  }
}

std::optional<v1::Command> ValueAt(const ConfigSource& source, const std::string& name, const std::string& key) {
  v1::Command value;
  if (!source.Find(kCommandKind, name, key, &value)) return std::nullopt;
  return value;
}

bool Same(const std::optional<v1::Command>& a, const std::optional<v1::Command>& b) {
  return a.has_value() == b.has_value() && (!a || a->SerializeAsString() == b->SerializeAsString());
}

// The lowest place that does not get the new version, by bisection: 0 does, 100 stands for the key "" and does not.
int PercentageOf(const ConfigSource& source, const CommandItem& item) {
  int released = 0, kept = 100;
  while (kept - released > 1) {
    const int middle = (released + kept) / 2;
    (Same(ValueAt(source, item.name, KeyAt(item.name, middle)), item.value) ? released : kept) = middle;
  }
  return kept;
}

}  // namespace

std::unique_ptr<ConfigSource> NewConfigSource(const control_client::ConfigWatcher& watcher) {
  return std::make_unique<WatcherSource>(watcher);
}

bool CommandItem::operator==(const CommandItem& other) const {
  return name == other.name && percentage == other.percentage && Same(value, other.value) &&
         Same(previous, other.previous);
}

std::optional<CommandItem> ReadCommandItem(const ConfigSource& source, const std::string& name) {
  // Every release has the place 0.
  std::optional<v1::Command> newest = ValueAt(source, name, KeyAt(name, 0));
  if (!newest) return std::nullopt;
  CommandItem item{.name = name, .value = *std::move(newest)};
  item.previous = ValueAt(source, name, "");
  if (Same(item.previous, item.value)) {
    item.previous.reset();
  } else {
    item.percentage = PercentageOf(source, item);
  }
  return item;
}

}  // namespace trivium::gateway
