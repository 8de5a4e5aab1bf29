#include "services/control/kinds/kind.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include "services/control/kinds/api_descriptors.h"
#include "services/control/kinds/command.h"
#include "services/control/kinds/live.h"
#include "services/control/kinds/product_profile.h"
#include "services/control/kinds/token_keys.h"
#include "services/control/names.h"

namespace trivium::control {
namespace {

constexpr Kind kKinds[] = {
    {kProductProfile, "trivium.common.v1.ProductProfile", IsLabel, "1-32 characters of a-z 0-9 -, a letter first",
     CheckProductProfile, nullptr, true},
    {kCommand, "trivium.gateway.v1.Command", IsCommandItemName,
     "1-64 characters of a-z 0-9 _ - in parts joined by \".\", and perhaps @ and the owner", CheckCommand,
     CheckCommandAgainst, true},
    {kApiDescriptors, "trivium.gateway.v1.ApiDescriptors", IsApiDescriptorsName, "platform", CheckApiDescriptors,
     CheckApiDescriptorsAgainst, false},
    {kTokenKeys, "trivium.gateway.v1.TokenKeys", IsLabel, "a product: 1-32 characters of a-z 0-9 -, a letter first",
     CheckTokenKeys, nullptr, false},
    {kLiveCapacity, "trivium.live.v1.LiveCapacity", IsLabel,
     "a cell, or platform: 1-32 characters of a-z 0-9 -, a letter first", CheckLiveCapacity, nullptr, false},
};

// Whether a message or one inside it has fields that its type does not know.
bool HasUnknownFields(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const auto& inner = field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                               : reflection->GetMessage(message, field);
      if (HasUnknownFields(inner)) return true;
    }
  }
  return false;
}

}  // namespace

std::span<const Kind> Kinds() { return kKinds; }

const Kind* FindKind(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

bool UnpackStrictly(const google::protobuf::Any& value, google::protobuf::Message* message) {
  return value.UnpackTo(message) && !HasUnknownFields(*message);
}

}  // namespace trivium::control
