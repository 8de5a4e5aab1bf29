// Where the command table's items come from: control's config items, through libs/control_client.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control_client {
class ConfigWatcher;
}

namespace trivium::gateway {

// Kinds to watch, and the name of the one item of the second.
inline constexpr std::string_view kCommandKind = "command", kDescriptorsKind = "api_descriptors",
                                  kDescriptorsName = "platform";

// What ConfigWatcher offers. Thread-safe.
class ConfigSource {
 public:
  virtual ~ConfigSource() = default;
  virtual std::vector<std::string> Names(std::string_view kind) const = 0;
  virtual bool Find(std::string_view kind, std::string_view name, std::string_view key,
                    google::protobuf::Message* value) const = 0;
  virtual int64_t generation() const = 0;
};

// watcher: of both kinds; outlives it.
std::unique_ptr<ConfigSource> NewConfigSource(const control_client::ConfigWatcher& watcher);

// A command's item with both versions of a release.
struct CommandItem {
  std::string name;
  v1::Command value;                    // Of users in the release.
  std::optional<v1::Command> previous;  // Of the others; only below 100, and only when they have one.
  int percentage = 100;

  bool operator==(const CommandItem& other) const;
};

// The item, both its versions and the percentage, by asking for keys whose place in the release is known: so that a
// call need not ask. nullopt: no such item, or its value is no Command.
std::optional<CommandItem> ReadCommandItem(const ConfigSource& source, const std::string& name);

}  // namespace trivium::gateway
