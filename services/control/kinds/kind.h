// Kinds of config items: a name, the message of the value, and its schema check beyond types.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/control/domain/config_item.h"

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf

namespace trivium::control {

// Field path (from "value.") and what is wrong with it: "value, want ...".
using Violations = std::vector<std::pair<std::string, std::string>>;

// The newest versions of all items of a kind, by name.
using PublishedItems = std::function<absl::StatusOr<std::vector<domain::ConfigItem>>(std::string_view kind)>;

struct Kind {
  std::string_view name;  // "product_profile"
  std::string_view type;  // "trivium.common.v1.ProductProfile"
  bool (*name_ok)(std::string_view item_name);
  std::string_view name_form;  // For the message: "1-32 characters of ..."
  Violations (*check)(const google::protobuf::Any& value);
  // Checks a value that `check` takes against what is published, inside the change's transaction. nullptr: nothing to
  // check.
  absl::StatusOr<Violations> (*check_against)(std::string_view item_name, const google::protobuf::Any& value,
                                              const PublishedItems& published);
  bool by_percentage;  // Whether a value may be released to a part of the keys.
};

// The kind whose items are the products.
inline constexpr std::string_view kProductProfile = "product_profile";
// The gateway's kinds.
inline constexpr std::string_view kCommand = "command", kApiDescriptors = "api_descriptors", kTokenKeys = "token_keys";
// Live's.
inline constexpr std::string_view kLiveCapacity = "live_capacity";

std::span<const Kind> Kinds();
// nullptr: unknown.
const Kind* FindKind(std::string_view name);

// Unpacks a value strictly: false when the type is another, the bytes do not parse, or a field is unknown (it would be
// lost on the way).
bool UnpackStrictly(const google::protobuf::Any& value, google::protobuf::Message* message);

}  // namespace trivium::control
