// A command against what is published.
#include <algorithm>
#include <string>
#include <vector>

#include "libs/status/status.h"
#include "services/control/kinds/api_descriptors.h"
#include "services/control/kinds/command.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control {
namespace {

using domain::ConfigItem;
using gateway::v1::Command;
using gateway::v1::RoutingKey;

constexpr size_t kMaxCommands = 10'000;  // Items of the kind.

// "push.ack@acme" -> "push.ack"
std::string_view CommandOf(std::string_view item) { return item.substr(0, item.find('@')); }

void CheckOwner(std::string_view name, const Command& command, const std::vector<ConfigItem>& profiles,
                Violations* out) {
  const size_t at = name.find('@');
  if (at != std::string_view::npos && name.substr(at + 1) != command.product()) {
    out->emplace_back("value.product", "\"" + command.product() + "\", want the one in the item's name");
  }
  const bool known = std::any_of(profiles.begin(), profiles.end(),
                                 [&](const ConfigItem& profile) { return profile.name == command.product(); });
  if (command.product() != "*" && !known) {
    out->emplace_back("value.product", "\"" + command.product() + "\", want a product with a profile, or *");
  }
}

void CheckUnique(std::string_view name, const Command& command, const std::vector<ConfigItem>& commands,
                 Violations* out) {
  for (const ConfigItem& item : commands) {
    if (item.name == name) continue;
    const bool same = CommandOf(item.name) == CommandOf(name);
    for (const Command& other : CommandsInUse(item)) {
      if (same && other.product() == command.product()) {
        out->emplace_back("name", "item \"" + item.name + "\" is this product's command already, want one of a kind");
      }
      if (!same && command.number() != 0 && other.number() == command.number()) {
        out->emplace_back("value.number", std::to_string(command.number()) + " is that of \"" + item.name +
                                              "\", want a number that no other command has");
      }
    }
  }
}

void CheckReplacement(std::string_view name, const Command& command, const std::vector<ConfigItem>& commands,
                      Violations* out) {
  const std::string& by = command.replaced_by();
  if (by.empty()) return;
  const bool known =
      std::any_of(commands.begin(), commands.end(), [&](const ConfigItem& item) { return CommandOf(item.name) == by; });
  if (!known || by == CommandOf(name)) {
    out->emplace_back("value.replaced_by", "\"" + by + "\", want another published command");
  }
}

absl::Status CheckMethod(const Command& command, const PublishedItems& published, Violations* out) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto items, published(kApiDescriptors));
  if (items.empty()) return absl::OkStatus();
  DescriptorSet descriptors;
  TRIVIUM_RETURN_IF_ERROR(descriptors.Parse(items[0].value));
  const std::string wrong = descriptors.CheckMethod(command.service(), command.method());
  if (!wrong.empty()) {
    out->emplace_back("value.method", wrong);
  } else if (command.routing_key().source() == RoutingKey::FIELD) {
    const std::string path =
        descriptors.CheckRoutingField(command.service(), command.method(), command.routing_key().field_path());
    if (!path.empty()) out->emplace_back("value.routing_key.field_path", path);
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> CommandsInUse(const ConfigItem& item) {
  std::vector<Command> values(1);
  if (!values[0].ParseFromString(item.value)) values.clear();
  Command previous;
  if (item.percentage < 100 && previous.ParseFromString(item.previous_value)) values.push_back(std::move(previous));
  return values;
}

absl::StatusOr<Violations> CheckCommandAgainst(std::string_view name, const google::protobuf::Any& value,
                                               const PublishedItems& published) {
  Command command;
  if (!value.UnpackTo(&command)) return Violations{{"value", "unreadable, want a trivium.gateway.v1.Command"}};
  TRIVIUM_ASSIGN_OR_RETURN(const auto profiles, published(kProductProfile));
  TRIVIUM_ASSIGN_OR_RETURN(const auto commands, published(kCommand));
  Violations wrong;
  if (commands.size() >= kMaxCommands) {
    wrong.emplace_back("name", std::to_string(commands.size()) + " commands, want at most " +
                                   std::to_string(kMaxCommands) + ": use one that is there");
    const auto is_this = [&](const ConfigItem& item) { return item.name == name; };
    if (std::any_of(commands.begin(), commands.end(), is_this)) wrong.clear();
  }
  CheckOwner(name, command, profiles, &wrong);
  CheckUnique(name, command, commands, &wrong);
  CheckReplacement(name, command, commands, &wrong);
  TRIVIUM_RETURN_IF_ERROR(CheckMethod(command, published, &wrong));
  return wrong;
}

}  // namespace trivium::control
