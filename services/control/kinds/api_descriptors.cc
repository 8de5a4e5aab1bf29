#include "services/control/kinds/api_descriptors.h"

#include <algorithm>

#include "libs/status/status.h"
#include "services/control/kinds/command.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control {
namespace {

using gateway::v1::ApiDescriptors;
using gateway::v1::Command;
using gateway::v1::RoutingKey;

constexpr size_t kMaxRelease = 64, kMaxMethodsNamed = 20;

bool IsRelease(const std::string& release) {
  return !release.empty() && release.size() <= kMaxRelease &&
         std::all_of(release.begin(), release.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// What a published command would miss, or "".
std::string Missing(const DescriptorSet& descriptors, const Command& command) {
  std::string wrong = descriptors.CheckMethod(command.service(), command.method());
  if (wrong.empty() && command.routing_key().source() == RoutingKey::FIELD) {
    wrong = descriptors.CheckRoutingField(command.service(), command.method(), command.routing_key().field_path());
  }
  return wrong;
}

}  // namespace

bool IsApiDescriptorsName(std::string_view name) { return name == "platform"; }

Violations CheckApiDescriptors(const google::protobuf::Any& value) {
  ApiDescriptors descriptors;
  if (!UnpackStrictly(value, &descriptors)) {
    return {{"value", "unreadable or with unknown fields, want a trivium.gateway.v1.ApiDescriptors"}};
  }
  Violations wrong;
  if (!IsRelease(descriptors.release())) {
    wrong.emplace_back("value.release", "want 1-64 printable characters without blanks, like 1.4.0");
  }
  const absl::Status built = DescriptorSet().Build(descriptors.file_descriptor_set());
  if (!built.ok()) wrong.emplace_back("value.file_descriptor_set", std::string(built.message()));
  return wrong;
}

absl::StatusOr<Violations> CheckApiDescriptorsAgainst(std::string_view, const google::protobuf::Any& value,
                                                      const PublishedItems& published) {
  ApiDescriptors message;
  DescriptorSet descriptors;
  if (!value.UnpackTo(&message)) return Violations{{"value", "unreadable, want ApiDescriptors"}};
  TRIVIUM_RETURN_IF_ERROR(descriptors.Build(message.file_descriptor_set()));
  TRIVIUM_ASSIGN_OR_RETURN(const auto commands, published(kCommand));
  Violations wrong;
  for (const domain::ConfigItem& item : commands) {
    for (const Command& command : CommandsInUse(item)) {
      const std::string missing = command.has_disabled() ? "" : Missing(descriptors, command);
      if (!missing.empty()) wrong.emplace_back("value.file_descriptor_set", "command " + item.name + ": " + missing);
      if (wrong.size() == kMaxMethodsNamed) return wrong;
    }
  }
  return wrong;
}

}  // namespace trivium::control
